//! Tabs: listing, opening, selecting, closing.

use holt_toolbox::answer::{Answer, Failure, Outcome};
use holt_toolbox::catalogue::browser::Tabs;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Task;
use super::moves::{Until, address};
use crate::limit::Pauses;
use crate::text::line;
use crate::world::tab::Reached;
use crate::world::{MAX_TABS, PageState};

pub fn in_words(state: &PageState) -> String {
    let line = |tab: &crate::world::TabState| {
        let mark = if tab.current { " (current)" } else { "" };
        format!("{}. {} \"{}\"{mark}", tab.tab, tab.url, tab.title)
    };
    state.tabs.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Task<'_> {
    pub async fn tabs(&self, wanted: &Tabs) -> Outcome {
        match wanted.action.as_deref().unwrap_or("list") {
            "list" => {}
            "new" | "open" => self.new_tab(wanted.url.as_deref()).await?,
            "select" => self.select_tab(self.named(wanted)?).await?,
            "close" => self.close_tab(if wanted.tab.is_some() { self.named(wanted)? } else { self.tab }).await?,
            other => {
                let message = format!("`{}` is not `list`, `new`, `select` or `close`.", line(other, 40));
                return Err(Failure::new("bad_arguments", message));
            }
        }
        let state = self.live.world(|world| world.state());
        Ok(Answer::new(in_words(&state), json!({ "url": state.url, "title": state.title, "tabs": state.tabs })))
    }

    fn named(&self, wanted: &Tabs) -> Result<u32, Failure> {
        let number = wanted.tab.and_then(|number| u32::try_from(number).ok());
        let known = number.filter(|number| self.live.world(|world| world.tab(*number).is_some()));
        known.ok_or_else(|| Failure::new("no_tab", "There is no such tab. See the list with `browser_tabs`."))
    }

    async fn new_tab(&self, url: Option<&str>) -> Result<(), Failure> {
        let url = url.map(address).transpose()?;
        if self.live.world(|world| world.tabs.len()) >= MAX_TABS {
            return Err(Failure::new("too_many_tabs", format!("{MAX_TABS} tabs are open already. Close one first.")));
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            target_id: String,
        }
        let created: Created = self.live.ask_browser("Target.createTarget", json!({ "url": "about:blank" })).await?;
        let is_it = |tab: &&crate::world::Tab| tab.target == created.target_id;
        let is_up = |world: &crate::world::World| world.tabs.iter().find(is_it).is_some_and(crate::world::Tab::is_up);
        self.live.until(is_up).await.map_err(crate::browser::Trouble::from)?;
        let tab = self.live.world(|world| world.tabs.iter().find(is_it).map(|tab| tab.number)).unwrap_or(self.tab);
        self.live.world(|world| {
            world.current = Some(tab);
            // Who asked for it knows.
            world.take_notes();
        });
        let inside = Task { browser: self.browser, live: self.live.clone(), tab, patience: self.patience.clone() };
        match url {
            Some(url) => inside.navigate(&url, Until::Reached(Reached::Load)).await,
            None => Ok(()),
        }
    }

    async fn select_tab(&self, number: u32) -> Result<(), Failure> {
        let target = self.live.world(|world| {
            world.current = Some(number);
            world.tab(number).map(|tab| tab.target.clone())
        });
        self.live.tell_change();
        if let Some(target) = target {
            self.live.ask_browser::<IgnoredAny>("Target.activateTarget", json!({ "targetId": target })).await?;
        }
        Ok(())
    }

    async fn close_tab(&self, number: u32) -> Result<(), Failure> {
        if self.live.world(|world| world.tabs.len()) == 1 {
            // Without a tab the browser would end.
            self.new_tab(None).await?;
        }
        let target = self.live.world(|world| world.tab(number).map(|tab| tab.target.clone()));
        let Some(target) = target else { return Ok(()) };
        self.live.ask_browser::<IgnoredAny>("Target.closeTarget", json!({ "targetId": target })).await?;
        let mut pauses = Pauses::new();
        while self.live.world(|world| world.tab(number).is_some()) {
            self.patience.because("tab_stays", "the tab does not close; the page may be asking whether to stay");
            let session = self.live.world(|world| world.tab(number).map(|tab| (tab.session.clone(), tab.dialog.is_some())));
            if let Some((session, true)) = session {
                self.live.say(&session, "Page.handleJavaScriptDialog", json!({ "accept": true }));
            }
            pauses.next().await;
        }
        let current = self.live.world(|world| world.current().map(|tab| tab.number));
        match current {
            Some(current) => self.select_tab(current).await,
            None => Ok(()),
        }
    }
}
