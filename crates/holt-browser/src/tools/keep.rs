//! What becomes a file: downloads, PDFs, pictures.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use holt_toolbox::answer::{Answer, Failure, Outcome};
use holt_toolbox::catalogue::browser::{Download, Pdf};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Task;
use super::moves::address;
use crate::elements::Needs;
use crate::files;
use crate::text::line;
use crate::world::downloads::{self, State};

const MAX_PDF: usize = 64 * 1024 * 1024;
const PIECE: u32 = 1024 * 1024;

impl Task<'_> {
    /// A file's name without its ending.
    pub fn file_name(&self, wanted: Option<&str>, kind: &str) -> String {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        wanted.map_or_else(
            || format!("{kind}-{millis}"),
            |name| {
                let name = files::safe_name(name);
                let stem = [".png", ".jpg", ".jpeg", ".pdf", ".html"].iter().find_map(|ending| name.strip_suffix(ending));
                stem.unwrap_or(&name).to_owned()
            },
        )
    }

    /// Writes a file; gives back how it is called for the agent.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<String, Failure> {
        let downloads = &self.browser.options.downloads;
        let kept = files::write(downloads, name, bytes).map_err(|error| not_kept(name, &error))?;
        Ok(self.shown(&kept.name))
    }

    /// A file of the downloads directory, as the agent finds it.
    fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.browser.options.downloads_shown)
    }

    pub async fn pdf(&self, wanted: &Pdf) -> Outcome {
        #[derive(Deserialize)]
        struct Printed {
            stream: String,
        }
        let session = self.session()?;
        self.patience.because("page_slow", "the page is not printed");
        let print = json!({ "transferMode": "ReturnAsStream", "printBackground": true });
        let Printed { stream } = self.live.ask(&session, "Page.printToPDF", print).await?;
        let bytes = self.read_stream(&session, &stream).await;
        self.live.say(&session, "IO.close", json!({ "handle": stream }));
        let bytes = bytes?;
        let path = self.keep(&format!("{}.pdf", self.file_name(wanted.name.as_deref(), "page")), &bytes)?;
        Ok(Answer::new(format!("{path} ({} bytes).", bytes.len()), json!({ "path": path, "bytes": bytes.len() })))
    }

    async fn read_stream(&self, session: &str, stream: &str) -> Result<Vec<u8>, Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Piece {
            data: String,
            #[serde(default)]
            base64_encoded: bool,
            eof: bool,
        }
        let mut bytes = Vec::new();
        loop {
            let piece: Piece = self.live.ask(session, "IO.read", json!({ "handle": stream, "size": PIECE })).await?;
            let unreadable = || Failure::new("browser_error", "the browser's file cannot be read");
            match piece.base64_encoded {
                true => bytes.extend(BASE64_STANDARD.decode(piece.data).map_err(|_| unreadable())?),
                false => bytes.extend(piece.data.into_bytes()),
            }
            if bytes.len() > MAX_PDF {
                return Err(Failure::new("too_large", format!("the PDF has more than {} MiB", MAX_PDF >> 20)));
            }
            if piece.eof {
                return Ok(bytes);
            }
        }
    }

    pub async fn download(&self, wanted: &Download) -> Outcome {
        let session = self.session()?;
        let before = self.live.world(|world| world.downloads.begun);
        self.patience.because("no_download", "no download began");
        match (&wanted.target, &wanted.url) {
            (Some(target), None) => {
                let (_, at) = self.live.until_ready(self.tab, target, Needs::CLICK, &self.patience).await?;
                self.patience.because("no_download", format!("no download began after the click on `{}`", line(target, 100)));
                self.point_and_click(at, "left", 1, 0).await?;
            }
            (None, Some(url)) => self.begin(&session, &address(url)?).await?,
            _ => return Err(Failure::new("bad_arguments", "Name either `url` or `target`.")),
        }
        let (id, download) = self.until_ended(before).await?;
        self.stop_keeping(&session);
        self.finish(&id, &download, wanted.name.as_deref())
    }

    /// Asks for an address whose answer is to become a file, whatever it is.
    async fn begin(&self, session: &str, address: &str) -> Result<(), Failure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Navigated {
            error_text: Option<String>,
            #[serde(default)]
            is_download: bool,
        }
        self.live.world(|world| {
            if let Some(tab) = world.tab_mut(self.tab) {
                (tab.keeping, tab.refused) = (true, None);
            }
        });
        let patterns = json!([{ "urlPattern": "*", "requestStage": "Response", "resourceType": "Document" }]);
        self.live.ask::<IgnoredAny>(session, "Fetch.enable", json!({ "patterns": patterns })).await?;
        let navigated: Navigated = self.live.ask(session, "Page.navigate", json!({ "url": address })).await?;
        match navigated.error_text.filter(|_| !navigated.is_download) {
            Some(error) => {
                self.stop_keeping(session);
                let status = self.live.world(|world| world.tab(self.tab).and_then(|tab| tab.refused));
                let why = status.map_or_else(|| line(&error, 100), |status| format!("the server answered {status}"));
                let message = format!("{} could not be downloaded: {why}.", line(address, 200));
                Err(Failure::new("cannot_open", message))
            }
            None => Ok(()),
        }
    }

    pub fn stop_keeping(&self, session: &str) {
        let kept = self.live.world(|world| world.tab_mut(self.tab).map(|tab| std::mem::take(&mut tab.keeping)));
        if kept == Some(true) {
            self.live.say(session, "Fetch.disable", json!({}));
        }
    }

    /// Waits for the first download that began after `before`, and takes it.
    async fn until_ended(&self, before: u64) -> Result<(String, downloads::Download), Failure> {
        let mut changed = self.live.changes();
        loop {
            let found = self.live.world(|world| {
                let mut new = world.downloads.all.iter_mut().filter(|(_, download)| download.order > before && !download.claimed);
                let (id, download) = new.next()?;
                if download.state == State::Running {
                    return Some(Err(download.received));
                }
                download.claimed = true;
                Some(Ok((id.clone(), download.clone())))
            });
            match found {
                Some(Ok(ended)) => return Ok(ended),
                Some(Err(received)) => {
                    let reason = format!("{received} bytes have come; it goes on, and a later answer says when it is done");
                    self.patience.because("still_downloading", reason);
                }
                None => {}
            }
            if changed.changed().await.is_err() {
                return Err(Failure::new("browser_died", "The browser ended."));
            }
        }
    }

    fn finish(&self, id: &str, download: &downloads::Download, name: Option<&str>) -> Outcome {
        let options = &self.browser.options;
        let name = files::safe_name(name.unwrap_or(&download.name));
        if let State::Cancelled(why) = download.state {
            files::discard(&options.downloads, id);
            let message = format!("{} was not downloaded: {why} (at most {} MiB).", line(&name, 120), options.max_download >> 20);
            return Err(Failure::new(if why.starts_with("it is larger") { "too_large" } else { "download_failed" }, message));
        }
        let kept = files::finish(&options.downloads, id, &name, options.max_download).map_err(|error| not_kept(&name, &error))?;
        let path = self.shown(&kept.name);
        let facts = json!({ "path": path, "name": kept.name, "bytes": kept.bytes });
        Ok(Answer::new(format!("Downloaded {path} ({} bytes).", kept.bytes), facts))
    }

    /// Gives names to downloads that nobody waits for.
    pub fn take_downloads(&self) {
        loop {
            let ended = self.live.world(|world| {
                let id = world.downloads.ended().map(|(id, _)| id.clone())?;
                let download = world.downloads.all.get_mut(&id)?;
                download.claimed = true;
                Some((id, download.clone()))
            });
            let Some((id, download)) = ended else { return };
            let text = match self.finish(&id, &download, None) {
                Ok(answer) => answer.text,
                Err(failure) => failure.message,
            };
            self.live.world(|world| world.note(&text));
        }
    }
}

fn not_kept(name: &str, error: &std::io::Error) -> Failure {
    let code = if error.kind() == std::io::ErrorKind::FileTooLarge { "too_large" } else { "not_kept" };
    Failure::new(code, format!("{} could not be kept: {error}.", line(name, 120)))
}
