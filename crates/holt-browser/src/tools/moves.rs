//! Going from page to page, and waiting until one has come.

use holt_toolbox::answer::{Answer, Failure, Outcome};
use holt_toolbox::catalogue::browser::{AnswerDialog, Move, Open};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Task;
use crate::browser::Trouble;
use crate::cdp::CdpError;
use crate::limit::Pauses;
use crate::text::line;
use crate::world::MAX_TITLE;
use crate::world::tab::{Obstacle, Reached};

/// Nothing was asked for or answered for so long: the network is quiet.
const QUIET: std::time::Duration = std::time::Duration::from_millis(500);
const MAX_ADDRESS: usize = 8192;

/// How far a page is to come before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    Reached(Reached),
    Quiet,
}

impl Until {
    pub fn read(name: Option<&str>) -> Result<Self, Failure> {
        Ok(match name.unwrap_or("load") {
            "load" => Self::Reached(Reached::Load),
            "domcontentloaded" => Self::Reached(Reached::DomContentLoaded),
            "networkidle" | "network_quiet" | "networkquiet" => Self::Quiet,
            "commit" => Self::Reached(Reached::Begun),
            other => {
                let message = format!("`{}` is not `load`, `domcontentloaded` or `networkidle`.", line(other, 40));
                return Err(Failure::new("bad_arguments", message));
            }
        })
    }
}

/// An address that may be opened.
pub fn address(written: &str) -> Result<String, Failure> {
    let written = written.trim();
    let scheme = written.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let port_follows = written.split_once(':').is_some_and(|(_, rest)| rest.starts_with(|letter: char| letter.is_ascii_digit()));
    let allowed = match scheme.as_deref() {
        _ if written.is_empty() || written.len() > MAX_ADDRESS || written.contains(char::is_control) => None,
        Some("http" | "https" | "data") => Some(written.to_owned()),
        Some("about") if written.eq_ignore_ascii_case("about:blank") => Some("about:blank".to_owned()),
        // `localhost:3000` and `example.org` are what people write.
        Some(_) if port_follows => Some(format!("http://{written}")),
        Some(_) => None,
        None => Some(format!("http://{written}")),
    };
    allowed.ok_or_else(|| {
        let message = format!("`{}` cannot be opened: only http, https, data and about:blank can.", line(written, 100));
        Failure::new("bad_address", message)
    })
}

/// What Chromium says of a way that another one crossed.
const BROKEN_OFF: &str = "net::ERR_ABORTED";
const MAX_DEPARTURES: u32 = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Navigated {
    loader_id: Option<String>,
    error_text: Option<String>,
    #[serde(default)]
    is_download: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    current_index: i64,
    entries: Vec<HistoryEntry>,
}

#[derive(Deserialize)]
struct HistoryEntry {
    id: i64,
}

impl Task<'_> {
    pub async fn open(&self, wanted: &Open) -> Outcome {
        let (address, until) = (address(&wanted.url)?, Until::read(wanted.wait_until.as_deref())?);
        self.navigate(&address, until).await?;
        self.arrived()
    }

    /// Goes to an address in this tab, and waits.
    pub async fn navigate(&self, address: &str, until: Until) -> Result<(), Failure> {
        let session = self.session()?;
        self.answer_leaving_dialog(&session).await;
        let shown = line(address, 200);
        let before = self.loader();
        self.patience.because("page_slow", format!("{shown} does not answer"));
        let navigated = self.depart(&session, address).await?;
        if navigated.is_download {
            return Ok(());
        }
        if let Some(error) = navigated.error_text.filter(|error| !error.is_empty()) {
            let message = format!("{shown} could not be opened: {}{}", line(&error, 100), hint(&error));
            return Err(Failure::new("cannot_open", message));
        }
        // The answer may come before any word of the new document.
        self.live.world(|world| {
            if let (Some(tab), Some(loader)) =
                (world.tab_mut(self.tab).filter(|tab| Some(&tab.loader) == before.as_ref()), navigated.loader_id)
            {
                tab.begin(loader);
            }
        });
        self.until_come(until, &shown).await
    }

    /// Sets out for an address. A page that is just going elsewhere by itself can break that off, so it is tried again.
    async fn depart(&self, session: &str, address: &str) -> Result<Navigated, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let going = self.live.ask::<Navigated>(session, "Page.navigate", json!({ "url": address }));
            let navigated = match self.while_leaving(session, going).await {
                // A page that crashed can still be left.
                Err(Trouble::Page(Obstacle::Crashed)) => self.revive(session, address).await?,
                other => other?,
            };
            let is_broken_off = !navigated.is_download && navigated.error_text.as_deref() == Some(BROKEN_OFF);
            if !is_broken_off || tries == MAX_DEPARTURES {
                return Ok(navigated);
            }
        }
    }

    /// Whose document the tab shows.
    fn loader(&self) -> Option<String> {
        self.live.world(|world| world.tab(self.tab).map(|tab| tab.loader.clone()))
    }

    /// A dialog that is open does not keep the agent from leaving the page.
    async fn answer_leaving_dialog(&self, session: &str) {
        if self.live.world(|world| world.of_session(session).is_some_and(|tab| tab.dialog.is_some())) {
            self.answer_dialog(session, false, None).await;
        }
    }

    /// Does what leaves a page. That it asks whether to stay is answered with no, and noted.
    async fn while_leaving<T>(&self, session: &str, going: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let mut changed = self.live.changes();
        let watching = async {
            loop {
                let dialog = self.live.world(|world| world.of_session(session).and_then(|tab| tab.dialog.clone()));
                if let Some(dialog) = dialog.filter(|dialog| dialog.kind == "beforeunload") {
                    self.live.world(|world| {
                        world.note(&format!("The page asked whether to leave it ({}); it was left.", dialog.message));
                    });
                    self.answer_dialog(session, true, None).await;
                }
                if changed.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            biased;
            never = watching => never,
            done = going => done,
        }
    }

    /// Tells the browser how a dialog is answered. It is taken as answered, for what is asked next.
    async fn answer_dialog(&self, session: &str, accept: bool, text: Option<&str>) {
        let mut answer = json!({ "accept": accept });
        if let Some(text) = text {
            answer["promptText"] = json!(text);
        }
        self.live.world(|world| {
            let tab = world.of_session(session).map(|tab| tab.number);
            if let Some(tab) = tab.and_then(|number| world.tab_mut(number)) {
                tab.dialog = None;
            }
        });
        let _ = self.live.ask::<IgnoredAny>(session, "Page.handleJavaScriptDialog", answer).await;
    }

    async fn revive(&self, session: &str, address: &str) -> Result<Navigated, Failure> {
        self.forget_crash();
        Ok(self.live.ask(session, "Page.navigate", json!({ "url": address })).await?)
    }

    fn forget_crash(&self) {
        self.live.world(|world| {
            if let Some(tab) = world.tab_mut(self.tab) {
                tab.crashed = false;
            }
        });
    }

    /// Waits until the page that is coming has come so far.
    pub async fn until_come(&self, until: Until, shown: &str) -> Result<(), Failure> {
        let mut changed = self.live.changes();
        let mut pauses = Pauses::new();
        loop {
            let missing = self.live.world(|world| {
                let Some(tab) = world.tab(self.tab) else { return Some(Err(Trouble::Page(Obstacle::Gone))) };
                if let Some(obstacle) = tab.obstacle() {
                    return Some(Err(Trouble::Page(obstacle)));
                }
                match until {
                    Until::Reached(wanted) if tab.reached >= wanted => None,
                    Until::Quiet
                        if tab.requests.is_empty()
                            && tab.busy_at.elapsed() >= QUIET
                            && tab.reached >= Reached::DomContentLoaded =>
                    {
                        None
                    }
                    _ => Some(Ok(tab.requests.len())),
                }
            });
            match missing {
                None => return Ok(()),
                Some(Err(trouble)) => return Err(trouble.into()),
                Some(Ok(requests)) => {
                    let reason =
                        format!("{shown} is still loading ({requests} requests are under way); it can be looked at as it is");
                    self.patience.because("still_loading", reason);
                }
            }
            tokio::select! {
                _ = changed.changed() => {}
                () = pauses.next() => {}
            }
        }
    }

    /// After something that may lead elsewhere: waits a moment, and for a page that is coming, but not for ever.
    pub async fn settle(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        let coming = async {
            let mut changed = self.live.changes();
            let is_loading =
                || self.live.world(|world| world.tab(self.tab).is_some_and(|tab| tab.loading && tab.obstacle().is_none()));
            while is_loading() && changed.changed().await.is_ok() {}
        };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(4), coming).await;
    }

    pub async fn step(&self, by: i64, wanted: &Move) -> Outcome {
        let until = Until::read(wanted.wait_until.as_deref())?;
        let session = self.session()?;
        self.answer_leaving_dialog(&session).await;
        let history: History = self.live.ask(&session, "Page.getNavigationHistory", json!({})).await?;
        let index = usize::try_from(history.current_index + by).ok();
        let Some(entry) = index.and_then(|index| history.entries.get(index)) else {
            let way = if by < 0 { "before" } else { "after" };
            return Err(Failure::new("no_page", format!("there is no page {way} this one in this tab")));
        };
        let before = self.loader();
        let going = self.live.ask::<IgnoredAny>(&session, "Page.navigateToHistoryEntry", json!({ "entryId": entry.id }));
        self.while_leaving(&session, going).await?;
        self.until_left(before, &entry.id).await?;
        self.until_come(until, "the page").await?;
        self.arrived()
    }

    /// Waits until the browser is at an entry of its history; the document may be the same.
    async fn until_left(&self, before: Option<String>, entry: &i64) -> Result<(), Failure> {
        let session = self.session()?;
        let mut pauses = Pauses::new();
        loop {
            let history = match self.live.ask::<History>(&session, "Page.getNavigationHistory", json!({})).await {
                // In between two pages there is none.
                Err(trouble) if trouble.is_passing() => None,
                history => Some(history?),
            };
            let at = history.as_ref().and_then(|history| history.entries.get(usize::try_from(history.current_index).ok()?));
            // The browser is there before the page's process has said so.
            let is_there = at.is_some_and(|at| at.id == *entry);
            if self.loader() != before || (is_there && self.is_told_of_document(&session).await?) {
                return Ok(());
            }
            self.patience.because("page_slow", "the page does not come");
            pauses.next().await;
        }
    }

    /// Whether the document that is there is the one that was told of.
    async fn is_told_of_document(&self, session: &str) -> Result<bool, Failure> {
        match self.live.ask::<Value>(session, "Page.getFrameTree", json!({})).await {
            Ok(tree) => Ok(tree["frameTree"]["frame"]["loaderId"].as_str() == self.loader().as_deref()),
            Err(trouble) if trouble.is_passing() => Ok(false),
            Err(trouble) => Err(trouble.into()),
        }
    }

    pub async fn reload(&self, wanted: &Move) -> Outcome {
        let until = Until::read(wanted.wait_until.as_deref())?;
        let session = self.session()?;
        self.answer_leaving_dialog(&session).await;
        let before = self.loader();
        self.forget_crash();
        self.while_leaving(&session, self.live.ask::<IgnoredAny>(&session, "Page.reload", json!({}))).await?;
        let mut pauses = Pauses::new();
        while self.loader() == before {
            self.patience.because("page_slow", "the page does not come");
            pauses.next().await;
        }
        self.until_come(until, "the page").await?;
        self.arrived()
    }

    pub async fn dialog(&self, wanted: &AnswerDialog) -> Outcome {
        let session = self.session()?;
        let dialog = self.live.world(|world| world.tab(self.tab).and_then(|tab| tab.dialog.clone()));
        let Some(dialog) = dialog else { return Err(Failure::new("no_dialog", "the page has no dialog open")) };
        let accept = wanted.accept.unwrap_or(true);
        self.answer_dialog(&session, accept, wanted.text.as_deref()).await;
        self.settle().await;
        self.done(&format!("Answered the {} with {}.", dialog.in_words(), if accept { "OK" } else { "Cancel" }))
    }

    fn arrived(&self) -> Outcome {
        let (page, facts) = self.whereabouts();
        Ok(Answer::new(page, facts))
    }

    pub async fn state(&self) -> Outcome {
        let session = self.session()?;
        let script = json!({ "expression": "[document.readyState, document.title.slice(0, 300)]", "returnByValue": true });
        let ready = match self.live.ask::<Value>(&session, "Runtime.evaluate", script).await {
            Ok(mut answer) => {
                let title = answer["result"]["value"][1].as_str().map(|title| line(title, MAX_TITLE));
                self.live.world(|world| {
                    if let (Some(tab), Some(title)) = (world.tab_mut(self.tab), title) {
                        tab.title = title;
                    }
                });
                answer["result"]["value"][0].take()
            }
            Err(Trouble::Page(Obstacle::Dialog(_)) | Trouble::Cdp(CdpError::Refused(_))) => json!("loading"),
            Err(Trouble::Page(Obstacle::Crashed)) => json!("crashed"),
            Err(trouble) => return Err(trouble.into()),
        };
        let state = self.live.world(|world| world.state());
        let (page, _) = self.whereabouts();
        let text = format!("{page}\nReady state: {}\n{}", ready.as_str().unwrap_or("unknown"), super::tabs::in_words(&state));
        let facts = json!({
            "url": state.url, "title": state.title, "loading": state.loading, "ready_state": ready, "tabs": state.tabs,
        });
        Ok(Answer::new(text, facts))
    }
}

fn hint(error: &str) -> &'static str {
    match error {
        "net::ERR_CONNECTION_REFUSED" => ". Nothing listens there: is the server running?",
        "net::ERR_INTERNET_DISCONNECTED"
        | "net::ERR_NAME_NOT_RESOLVED"
        | "net::ERR_PROXY_CONNECTION_FAILED"
        | "net::ERR_TUNNEL_CONNECTION_FAILED" => {
            ". Addresses outside of the sandbox can only be reached if the session's network policy allows it."
        }
        _ => ".",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_kinds_of_addresses_are_opened() {
        for (written, opened) in [
            ("http://a/b", "http://a/b"),
            ("HTTPS://a", "HTTPS://a"),
            ("about:blank", "about:blank"),
            ("data:text/html,hi", "data:text/html,hi"),
            ("localhost:3000/x", "http://localhost:3000/x"),
            (" example.org ", "http://example.org"),
        ] {
            assert_eq!(address(written).ok().as_deref(), Some(opened));
        }
        for refused in [
            "file:///etc/passwd",
            "chrome://settings",
            "javascript:alert(1)",
            "view-source:http://a",
            "about:config",
            "ftp://a",
            "",
            "http://a\n/",
            "devtools://x",
            "blob:http://a",
        ] {
            assert_eq!(address(refused).unwrap_err().code, "bad_address", "{refused}");
        }
    }
}
