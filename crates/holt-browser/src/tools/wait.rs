//! Waiting for a page, and running scripts in it.

use holt_toolbox::answer::{Answer, Failure, Outcome};
use holt_toolbox::catalogue::browser::{Evaluate, WaitFor};
use serde_json::json;

use super::Task;
use super::moves::Until;
use crate::browser::Trouble;
use crate::elements::Needs;
use crate::limit::Pauses;
use crate::text::{block, line};

const MAX_RESULT: usize = 32_000;

impl Task<'_> {
    pub async fn wait(&self, wanted: &WaitFor) -> Outcome {
        let WaitFor { text, gone_text, selector, url, state, .. } = wanted;
        if [text, gone_text, selector, url, state].iter().all(|one| one.is_none()) {
            let message = "Say what to wait for: `text`, `gone_text`, `selector`, `url` or `state`.";
            return Err(Failure::new("bad_arguments", message));
        }
        if let Some(url) = url {
            self.until_at(url).await?;
        }
        if let Some(state) = state {
            self.until_come(Until::read(Some(state))?, "the page").await?;
        }
        if let Some(selector) = selector {
            self.live.until_ready(self.tab, selector, Needs::SEE, &self.patience).await?;
        }
        if let Some(text) = text {
            self.until_text(text, true).await?;
        }
        if let Some(text) = gone_text {
            self.until_text(text, false).await?;
        }
        self.done("It is so.")
    }

    async fn until_at(&self, part: &str) -> Result<(), Failure> {
        let mut changed = self.live.changes();
        loop {
            let url = self.live.world(|world| world.tab(self.tab).map(|tab| tab.url.clone()));
            let Some(url) = url else { return Err(Failure::new("tab_closed", "The tab was closed. See `browser_tabs`.")) };
            if url.contains(part) {
                return Ok(());
            }
            self.patience.because("elsewhere", format!("the page is at {}", line(&url, 200)));
            if changed.changed().await.is_err() {
                return Err(Failure::new("browser_died", "The browser ended."));
            }
        }
    }

    /// Looks in all frames until one shows the text, or none does any more.
    async fn until_text(&self, text: &str, wanted: bool) -> Result<(), Failure> {
        let mut pauses = Pauses::new();
        loop {
            match self.shows(text).await {
                Ok(shown) if shown == wanted => return Ok(()),
                Ok(_) => {
                    let how = if wanted { "does not show" } else { "still shows" };
                    self.patience.because("not_so", format!("the page {how} \"{}\"", line(text, 100)));
                }
                Err(trouble) if trouble.is_passing() => {
                    self.patience.because("page_moves", "the page is going somewhere else all the time");
                }
                Err(trouble) => return Err(trouble.into()),
            }
            pauses.next().await;
        }
    }

    async fn shows(&self, text: &str) -> Result<bool, Trouble> {
        for at in self.live.frames(self.tab).await? {
            match self.live.in_frame::<bool>(&at, "shows", &[json!(text)]).await {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(trouble) if at.parent.is_some() && trouble.is_passing() => {}
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(false)
    }

    pub async fn evaluate(&self, wanted: &Evaluate) -> Outcome {
        let session = self.session()?;
        let milliseconds = wanted.timeout_seconds.unwrap_or(10).clamp(1, 60) * 1000;
        self.patience.because("script_slow", "the script has not ended");
        let value = self.live.evaluate(&session, &wanted.script, wanted.arg.as_ref(), milliseconds).await?;
        let whole = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (text, left_out) = block(&whole, MAX_RESULT);
        if left_out > 0 {
            let text = format!("{text}\n[{left_out} more characters were left out; return less]");
            return Ok(Answer::new(text, json!({ "cut": true })));
        }
        Ok(Answer::new(text, json!({ "result": value })))
    }
}
