//! Looking at a page: its tree, its text, its logs, pictures of it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use holt_toolbox::answer::{Answer, Failure, Outcome, Shown};
use holt_toolbox::catalogue::browser::{Entries, GetText, Snapshot, TakePicture};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Task;
use crate::browser::Asked;
use crate::elements::{Element, FrameAt, Needs};
use crate::limit::Pauses;
use crate::text::{block, line};
use crate::world::Tab;
use crate::world::log::Ring;

const SNAPSHOT: u64 = 30_000;
const MAX_SNAPSHOT: u64 = 100_000;
const MAX_TEXT: usize = 50_000;
const MAX_SOURCE: usize = 8 * 1024 * 1024;
const MAX_ENTRIES: u64 = 300;
/// What a picture may measure in each direction, and the model's copy of it in all.
const MAX_SIDE: f64 = 12_000.0;
const SHOWN_SIDE: f64 = 1568.0;
const SHOWN_PIXELS: f64 = 1_150_000.0;

/// A part of a page, in its own pixels.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Task<'_> {
    pub async fn snapshot(&self, wanted: &Snapshot) -> Outcome {
        let most = wanted.max_chars.unwrap_or(SNAPSHOT).clamp(500, MAX_SNAPSHOT) as usize;
        let mut pauses = Pauses::new();
        loop {
            let taken = async {
                let root = match &wanted.target {
                    Some(target) => Some(self.live.until_ready(self.tab, target, Needs::EXIST, &self.patience).await?.0),
                    None => None,
                };
                self.live.snapshot(self.tab, root.as_ref(), most).await
            };
            match taken.await {
                Ok(rendered) => {
                    let (page, mut facts) = self.whereabouts();
                    let mut text = format!(
                        "{page}\n{}",
                        if rendered.text.is_empty() { "(the page shows nothing)\n" } else { &rendered.text }
                    );
                    if rendered.left_out > 0 || rendered.cut {
                        text.push_str("[The page has more than this. Look at a part of it with `target`, or read it with `browser_get_text`.]\n");
                    }
                    facts["complete"] = json!(rendered.left_out == 0 && !rendered.cut);
                    return Ok(Answer::new(text, facts));
                }
                // The page went elsewhere while it was read.
                Err(failure) if failure.code == "browser_error" => {
                    self.patience.because(
                        "page_moves",
                        format!("the page cannot be read, as it goes elsewhere all the time ({})", failure.message),
                    );
                }
                Err(failure) => return Err(failure),
            }
            pauses.next().await;
        }
    }

    pub async fn get_text(&self, wanted: &GetText) -> Outcome {
        #[derive(Deserialize)]
        struct Text {
            text: String,
            left: usize,
        }
        let read: Text = match &wanted.target {
            Some(target) => {
                let (element, _) = self.live.until_ready(self.tab, target, Needs::EXIST, &self.patience).await?;
                self.live.on(&element, "text", &[json!(MAX_TEXT)]).await?
            }
            None => self.of_page("text", &[json!(MAX_TEXT)]).await?,
        };
        let (mut text, _) = block(&read.text, MAX_TEXT);
        let facts = json!({ "text": text });
        if read.left > 0 {
            text.push_str(&format!("\n[{} more characters were left out; read a part with `target`]", read.left));
        }
        Ok(Answer::new(text, facts))
    }

    /// Asks the outermost document, which may just be going elsewhere.
    pub async fn of_page<T: serde::de::DeserializeOwned>(&self, function: &str, arguments: &[Value]) -> Result<T, Failure> {
        let mut pauses = Pauses::new();
        loop {
            let asked = async {
                let frames = self.live.frames(self.tab).await?;
                let top = frames.first().ok_or(crate::browser::Trouble::Page(crate::world::tab::Obstacle::Gone))?;
                self.live.in_frame(top, function, arguments).await
            };
            match asked.await {
                Ok(answer) => return Ok(answer),
                Err(trouble) if trouble.is_passing() => {
                    self.patience.because("page_moves", "the page goes elsewhere all the time");
                }
                Err(trouble) => return Err(trouble.into()),
            }
            pauses.next().await;
        }
    }

    pub fn entries(&self, wanted: &Entries, of: impl Fn(&Tab) -> &Ring) -> Outcome {
        let most = wanted.limit.unwrap_or(50).clamp(1, MAX_ENTRIES) as usize;
        let filter = wanted.filter.as_deref().unwrap_or_default();
        self.live.world(|world| {
            let Some(ring) = world.tab(self.tab).map(&of) else { return Err(Failure::new("tab_closed", "The tab was closed.")) };
            let (newest, left_out) = ring.newest(filter, most);
            let mut text = newest.join("\n");
            if text.is_empty() {
                text.push_str("Nothing.");
            }
            let older = left_out as u64 + ring.dropped();
            if older > 0 {
                text.push_str(&format!("\n[{older} older entries are not shown]"));
            }
            Ok(Answer::new(text, json!({ "entries": newest })))
        })
    }

    pub async fn screenshot(&self, wanted: &TakePicture) -> Outcome {
        let format = match wanted.format.as_deref().unwrap_or("png") {
            "png" => "png",
            "jpeg" | "jpg" => "jpeg",
            other => return Err(Failure::new("bad_arguments", format!("`{}` is not `png` or `jpeg`.", line(other, 40)))),
        };
        let area = self.area(wanted).await?;
        let whole = self.picture(format, 90, area, 1.0).await?;
        let stem = self.file_name(wanted.name.as_deref(), "screenshot");
        let ending = if format == "png" { "png" } else { "jpg" };
        let kept = self.keep(&format!("{stem}.{ending}"), &whole)?;
        let scale = (SHOWN_SIDE / area.width.max(area.height)).min((SHOWN_PIXELS / (area.width * area.height)).sqrt()).min(1.0);
        let shown = self.picture("jpeg", 80, area, scale).await?;
        let mut text = format!("{} ({} x {} pixels).", kept, area.width.round(), area.height.round());
        let mut facts = json!({ "path": kept, "width": area.width.round(), "height": area.height.round() });
        if wanted.with_source == Some(true) {
            let source = self.source(&stem).await?;
            text.push_str(&format!(" Its source: {source}."));
            facts["source"] = json!(source);
        }
        let mut answer = Answer::new(text, facts);
        answer.pictures.push(Shown { media_type: "image/jpeg", bytes: shown });
        Ok(answer)
    }

    async fn source(&self, stem: &str) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Source {
            text: String,
        }
        let source: Source = self.of_page("source", &[json!(MAX_SOURCE)]).await?;
        self.keep(&format!("{stem}.html"), source.text.as_bytes())
    }

    /// What is to be in the picture.
    async fn area(&self, wanted: &TakePicture) -> Result<Area, Failure> {
        #[derive(Deserialize)]
        struct Size {
            width: f64,
            height: f64,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Layout {
            css_visual_viewport: Viewport,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Viewport {
            page_x: f64,
            page_y: f64,
            client_width: f64,
            client_height: f64,
        }
        let area = if let Some(target) = &wanted.target {
            let (element, _) = self.live.until_ready(self.tab, target, Needs::SEE, &self.patience).await?;
            self.element_area(&element).await?
        } else if wanted.full_page == Some(true) {
            let Size { width, height } = self.of_page("size", &[]).await?;
            Area { x: 0.0, y: 0.0, width, height }
        } else {
            let layout: Layout = self.live.ask(&self.session()?, "Page.getLayoutMetrics", json!({})).await?;
            let view = layout.css_visual_viewport;
            Area { x: view.page_x, y: view.page_y, width: view.client_width, height: view.client_height }
        };
        let side = |length: f64| length.clamp(1.0, MAX_SIDE);
        Ok(Area { width: side(area.width), height: side(area.height), ..area })
    }

    async fn element_area(&self, element: &Element) -> Result<Area, Failure> {
        if element.at.parent.is_none() {
            return Ok(self.live.on(element, "box", &[]).await?);
        }
        let (x, y, width, height) = self.area_in_frame(element).await?;
        Ok(Area { x, y, width, height })
    }

    /// The element of a frame, where it is in the page around it.
    async fn area_in_frame(&self, element: &Element) -> Asked<(f64, f64, f64, f64)> {
        let inner: Area = self.live.on(element, "box", &[]).await?;
        let scrolled: Vec<f64> = self.live.on(element, "scrolled", &[]).await?;
        let corner = crate::elements::At {
            x: inner.x - scrolled.first().copied().unwrap_or(0.0),
            y: inner.y - scrolled.get(1).copied().unwrap_or(0.0),
        };
        let at: FrameAt = element.at.clone();
        let place = self.live.in_page(self.tab, &at, corner).await?;
        let frames = self.live.frames(self.tab).await?;
        let page: Vec<f64> = match frames.first() {
            Some(top) => self.live.in_frame(top, "scrolled", &[]).await?,
            None => vec![0.0, 0.0],
        };
        let of_page = |index: usize| page.get(index).copied().unwrap_or(0.0);
        Ok((place.x + of_page(0), place.y + of_page(1), inner.width, inner.height))
    }

    async fn picture(&self, format: &str, quality: u32, area: Area, scale: f64) -> Result<Vec<u8>, Failure> {
        #[derive(Deserialize)]
        struct Captured {
            data: String,
        }
        let clip = json!({ "x": area.x, "y": area.y, "width": area.width, "height": area.height, "scale": scale });
        let mut wanted = json!({ "format": format, "clip": clip, "captureBeyondViewport": true, "optimizeForSpeed": true });
        if format == "jpeg" {
            wanted["quality"] = json!(quality);
        }
        self.patience.because("page_slow", "the page is not drawn");
        let captured: Captured = self.live.ask(&self.session()?, "Page.captureScreenshot", wanted).await?;
        BASE64_STANDARD.decode(captured.data).map_err(|_| Failure::new("browser_error", "the browser gave no picture"))
    }
}
