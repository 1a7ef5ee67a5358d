//! Dragging, both kinds: pages that follow the mouse, and those that use the browser's own drag and drop.

use std::time::Duration;

use holt_toolbox::answer::Outcome;
use holt_toolbox::catalogue::browser::DragTo;
use serde_json::json;

use super::Task;
use crate::elements::{At, Needs};
use crate::text::line;

const STEPS: u32 = 8;
/// How long the browser may take to notice that something is being dragged.
const NOTICES: Duration = Duration::from_millis(150);

impl Task<'_> {
    pub async fn drag(&self, wanted: &DragTo) -> Outcome {
        let (_, from) = self.live.until_ready(self.tab, &wanted.from, Needs::CLICK, &self.patience).await?;
        let session = self.session()?;
        self.live.world(|world| world.drag = None);
        // Else the browser would begin a drag on the screen, which only a real mouse could end.
        self.live.act(&session, "Input.setInterceptDrags", json!({ "enabled": true })).await?;
        self.mouse(&session, "mouseMoved", from, json!({})).await?;
        self.mouse(&session, "mousePressed", from, json!({ "button": "left", "clickCount": 1 })).await?;
        // The page may move things once something is held.
        let near = At { x: from.x + 6.0, y: from.y + 6.0 };
        self.mouse(&session, "mouseMoved", near, json!({ "button": "left", "buttons": 1 })).await?;
        let to = self.live.until_ready(self.tab, &wanted.to, Needs { hit: false, ..Needs::HOVER }, &self.patience).await;
        let (_, to) = match to {
            Ok(found) => found,
            Err(failure) => {
                self.mouse(&session, "mouseReleased", from, json!({ "button": "left", "clickCount": 1 })).await?;
                return Err(failure);
            }
        };
        for step in 1..=STEPS {
            let part = f64::from(step) / f64::from(STEPS);
            let at = At { x: near.x + (to.x - near.x) * part, y: near.y + (to.y - near.y) * part };
            self.mouse(&session, "mouseMoved", at, json!({ "button": "left", "buttons": 1 })).await?;
        }
        if let Some(data) = self.carried().await {
            for kind in ["dragEnter", "dragOver", "drop"] {
                let event = json!({ "type": kind, "x": to.x, "y": to.y, "data": data });
                self.live.act(&session, "Input.dispatchDragEvent", event).await?;
            }
        }
        self.mouse(&session, "mouseReleased", to, json!({ "button": "left", "clickCount": 1 })).await?;
        self.live.say(&session, "Input.setInterceptDrags", json!({ "enabled": false }));
        self.settle().await;
        self.done(&format!("Dragged `{}` to `{}`.", line(&wanted.from, 100), line(&wanted.to, 100)))
    }

    /// What is carried, when the browser itself drags.
    async fn carried(&self) -> Option<serde_json::Value> {
        let mut changed = self.live.changes();
        let noticed = async {
            loop {
                if let Some(data) = self.live.world(|world| world.drag.take()) {
                    return Some(data);
                }
                changed.changed().await.ok()?;
            }
        };
        tokio::time::timeout(NOTICES, noticed).await.ok().flatten()
    }
}
