//! The tools themselves. [`call`] is the one way in: it bounds each call in time, and adds to its answer what happened in the
//! browser meanwhile.

mod act;
mod drag;
mod keep;
mod look;
mod moves;
mod tabs;
mod wait;

use std::sync::Arc;

use holt_toolbox::answer::{Answer, Failure, Outcome};
use holt_toolbox::catalogue::browser::{BrowserCall, MAX_BROWSER_SECONDS};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::browser::{Browser, Live};
use crate::limit::Patience;

const MOVING_SECONDS: u64 = 30;
const ACTING_SECONDS: u64 = 10;

/// One call in a tab.
struct Task<'a> {
    browser: &'a Browser,
    live: Arc<Live>,
    tab: u32,
    patience: Patience,
}

/// Makes a call. It never takes longer than its limit, whatever pages do.
pub async fn call(browser: &Browser, call: BrowserCall, cancelled: &CancellationToken) -> Outcome {
    let reached = tokio::select! {
        reached = browser.reach() => reached,
        () = cancelled.cancelled() => return Err(Failure::new("cancelled", "it was cancelled")),
    };
    let (live, again) = reached?;
    follow_person(&live).await;
    let tab = live.world(|world| world.current().map(|tab| tab.number));
    let tab = tab
        .ok_or_else(|| Failure::new("browser_died", "The browser has no tab any more. It is started again for the next call."))?;
    let task = Task { browser, live, tab, patience: Patience::default() };
    let (asked, default) = seconds(&call);
    let work = async {
        live_up(&task.live, tab).await?;
        task.run(&call).await
    };
    let done = task.patience.bound(asked, default, cancelled, work).await;
    task.live.release(task.tab);
    if done.is_err() {
        task.clean_up(&call);
    }
    task.with_news(done, again)
}

/// Waits until a tab that has just opened can be used.
async fn live_up(live: &Live, tab: u32) -> Result<(), Failure> {
    let waited = live.until(|world| world.tab(tab).is_none_or(crate::world::Tab::is_up)).await;
    Ok(waited.map_err(crate::browser::Trouble::from)?)
}

fn seconds(call: &BrowserCall) -> (Option<u64>, u64) {
    match call {
        BrowserCall::Open(wanted) => (wanted.timeout_seconds, MOVING_SECONDS),
        BrowserCall::Back(wanted) | BrowserCall::Forward(wanted) | BrowserCall::Reload(wanted) => {
            (wanted.timeout_seconds, MOVING_SECONDS)
        }
        BrowserCall::Tabs(_) => (None, MOVING_SECONDS),
        BrowserCall::Click(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Fill(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Type(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Select(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Hover(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Press(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Upload(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Drag(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Wait(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Evaluate(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::GetText(wanted) => (wanted.timeout_seconds, ACTING_SECONDS),
        BrowserCall::Download(wanted) => (wanted.timeout_seconds, MAX_BROWSER_SECONDS),
        BrowserCall::Scroll(_) | BrowserCall::Dialog(_) | BrowserCall::State => (None, ACTING_SECONDS),
        BrowserCall::Console(_) | BrowserCall::Network(_) => (None, ACTING_SECONDS),
        BrowserCall::Snapshot(_) | BrowserCall::Screenshot(_) | BrowserCall::Pdf(_) => (None, MOVING_SECONDS),
    }
}

impl Task<'_> {
    async fn run(&self, call: &BrowserCall) -> Outcome {
        match call {
            BrowserCall::Open(wanted) => self.open(wanted).await,
            BrowserCall::Back(wanted) => self.step(-1, wanted).await,
            BrowserCall::Forward(wanted) => self.step(1, wanted).await,
            BrowserCall::Reload(wanted) => self.reload(wanted).await,
            BrowserCall::Tabs(wanted) => self.tabs(wanted).await,
            BrowserCall::Snapshot(wanted) => self.snapshot(wanted).await,
            BrowserCall::Click(wanted) => self.click(wanted).await,
            BrowserCall::Fill(wanted) => self.fill(wanted).await,
            BrowserCall::Type(wanted) => self.type_text(wanted).await,
            BrowserCall::Select(wanted) => self.select(wanted).await,
            BrowserCall::Hover(wanted) => self.hover(wanted).await,
            BrowserCall::Press(wanted) => self.press(wanted).await,
            BrowserCall::Upload(wanted) => self.upload(wanted).await,
            BrowserCall::Drag(wanted) => self.drag(wanted).await,
            BrowserCall::Wait(wanted) => self.wait(wanted).await,
            BrowserCall::Evaluate(wanted) => self.evaluate(wanted).await,
            BrowserCall::Console(wanted) => self.entries(wanted, |tab| &tab.console),
            BrowserCall::Network(wanted) => self.entries(wanted, |tab| &tab.network),
            BrowserCall::Screenshot(wanted) => self.screenshot(wanted).await,
            BrowserCall::Pdf(wanted) => self.pdf(wanted).await,
            BrowserCall::Download(wanted) => self.download(wanted).await,
            BrowserCall::Dialog(wanted) => self.dialog(wanted).await,
            BrowserCall::Scroll(wanted) => self.scroll(wanted).await,
            BrowserCall::GetText(wanted) => self.get_text(wanted).await,
            BrowserCall::State => self.state().await,
        }
    }

    /// The session of the page.
    fn session(&self) -> Result<String, Failure> {
        let session = self.live.world(|world| world.tab(self.tab).map(|tab| tab.session.clone()));
        session.ok_or_else(|| Failure::new("tab_closed", "The tab was closed. See `browser_tabs`."))
    }

    /// What a call that did not come to its end has left.
    fn clean_up(&self, call: &BrowserCall) {
        let Ok(session) = self.session() else { return };
        match call {
            BrowserCall::Drag(_) => self.live.say(&session, "Input.setInterceptDrags", json!({ "enabled": false })),
            BrowserCall::Download(_) => self.stop_keeping(&session),
            _ => {}
        }
    }

    /// Adds what happened since the last call.
    fn with_news(&self, done: Outcome, again: bool) -> Outcome {
        let mut news = Vec::new();
        if again {
            news.push("The browser had ended and was started again; its tabs are gone.".to_owned());
        }
        self.take_downloads();
        news.extend(self.live.world(|world| world.take_notes()));
        let dialog = self.live.world(|world| world.current().and_then(|tab| tab.dialog.as_ref().map(|dialog| dialog.in_words())));
        let told = matches!(&done, Err(failure) if failure.code == "dialog_open");
        if let Some(dialog) = dialog.filter(|_| !told) {
            news.push(format!("The page has opened a {dialog} and waits. Answer it with `browser_dialog`."));
        }
        let news: String = news.iter().map(|line| format!("\n[{line}]")).collect();
        match done {
            Ok(mut answer) => {
                answer.text.push_str(&news);
                Ok(answer)
            }
            Err(mut failure) => {
                failure.message.push_str(&news);
                Err(failure)
            }
        }
    }

    /// Where the page is, for the end of an answer.
    fn whereabouts(&self) -> (String, Value) {
        let state = self.live.world(|world| world.state());
        let loading = if state.loading { " (still loading)" } else { "" };
        let title = if state.title.is_empty() { String::new() } else { format!(" \"{}\"", state.title) };
        (
            format!("Page: {}{title}{loading}", state.url),
            json!({ "url": state.url, "title": state.title, "loading": state.loading }),
        )
    }

    fn done(&self, text: &str) -> Outcome {
        let (page, facts) = self.whereabouts();
        Ok(Answer::new(format!("{text}\n{page}"), facts))
    }
}

/// A person may have gone to another tab by hand; then that is the current one.
async fn follow_person(live: &Arc<Live>) {
    let (tabs, current) = live.world(|world| {
        let tabs: Vec<_> = world.tabs.iter().map(|tab| (tab.number, tab.session.clone())).collect();
        (tabs, world.current().map(|tab| tab.number))
    });
    if tabs.len() < 2 {
        return;
    }
    let is_visible = async |session: &str| {
        let asked =
            live.ask::<Value>(session, "Runtime.evaluate", json!({ "expression": "document.visibilityState === 'visible'" }));
        // A page that does not answer at once says nothing about where the person is.
        let answer = tokio::time::timeout(std::time::Duration::from_millis(100), asked).await;
        answer.ok().and_then(Result::ok).and_then(|answer| answer["result"]["value"].as_bool())
    };
    let here = tabs.iter().find(|(number, _)| Some(*number) == current);
    if let Some((_, session)) = here
        && is_visible(session).await != Some(false)
    {
        return;
    }
    for (number, session) in tabs.iter().filter(|(number, _)| Some(*number) != current) {
        if is_visible(session).await == Some(true) {
            live.world(|world| world.current = Some(*number));
            live.tell_change();
            return;
        }
    }
}
