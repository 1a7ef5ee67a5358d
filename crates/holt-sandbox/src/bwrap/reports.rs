//! What keepers report by themselves, in the port's words.

use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::BoxStream;
use holt_core::event::Level;
use holt_core::id::SessionId;
use holt_core::sandbox::{Reported, SandboxReport};
use holt_core::view::Page;
use holt_keeper::protocol::message::{Death, Report};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

/// Reports that may wait for a slow reader.
const REPORTS: usize = 4096;
/// How many names of ended processes are told, and how much of each.
const MOST_NAMES: usize = 5;
const LONGEST_NAME: usize = 32;

/// Where reports of all keepers come together.
#[derive(Debug)]
pub struct Reports {
    sender: broadcast::Sender<Reported>,
}

impl Reports {
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(REPORTS) }
    }

    /// What tells of what one keeper reports. A prepared sandbox gets its session later.
    pub fn teller(&self, session: &Arc<Mutex<SessionId>>) -> Arc<Teller> {
        Arc::new(Teller { session: Arc::clone(session), sender: self.sender.clone(), held: Mutex::default() })
    }

    pub fn follow(&self) -> BoxStream<'static, Reported> {
        BroadcastStream::new(self.sender.subscribe()).filter_map(async |report| report.ok()).boxed()
    }
}

/// Tells of one keeper's reports.
#[derive(Debug)]
pub struct Teller {
    session: Arc<Mutex<SessionId>>,
    sender: broadcast::Sender<Reported>,
    /// That the sandbox stands still, and of which session that was told.
    held: Mutex<Option<Reported>>,
}

impl Teller {
    pub fn session(&self) -> SessionId {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn tell(&self, report: Report) {
        let has_browser_ended = matches!(report, Report::BrowserEnded { .. });
        if let Some(report) = in_words(report) {
            self.tell_in_words(report);
        }
        if has_browser_ended {
            self.tell_in_words(SandboxReport::Page(Page::default()));
        }
    }

    pub fn tell_in_words(&self, report: SandboxReport) {
        let reported = Reported { session: self.session(), report };
        match &reported.report {
            SandboxReport::Held { .. } => *self.held() = Some(reported.clone()),
            SandboxReport::Released => *self.held() = None,
            SandboxReport::Noted { .. } | SandboxReport::Network(_) | SandboxReport::Page(_) | SandboxReport::Gone { .. } => {}
        }
        // Nobody may be listening.
        let _ = self.sender.send(reported);
    }

    /// Tells the session that has just got the sandbox that it stands still, when it does and that was said before it did.
    pub fn tell_newcomer(&self) {
        let session = self.session();
        if let Some(held) = self.held().as_mut().filter(|held| held.session != session) {
            held.session = session;
            let _ = self.sender.send(held.clone());
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Reported>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None for what is for the driver alone.
fn in_words(report: Report) -> Option<SandboxReport> {
    Some(match report {
        Report::DiskFloor { free_bytes } => SandboxReport::Held {
            code: "disk_floor".into(),
            text: format!(
                "The disk is nearly full ({} free): everything in the sandbox stands still until there is room.",
                size(free_bytes)
            ),
        },
        Report::DiskFine => SandboxReport::Released,
        Report::DiskShare { used_bytes, share_bytes, uncountable, ended } => warning("disk_share", disk_share(used_bytes, share_bytes, uncountable, ended)),
        Report::ProcessesEnded { ended, limit } => warning(
            "processes_ended",
            format!("{} that earlier commands had left {} ended, because the sandbox was at its limit of {limit} processes.", processes(ended), was(ended)),
        ),
        Report::MemoryLimit { used_bytes, limit_bytes, ended } => warning(
            "memory_limit",
            format!(
                "The sandbox held {} of memory, more than its {}: {} ended, the largest.",
                size(used_bytes),
                size(limit_bytes),
                match &ended[..] {
                    [one] => format!("`{}` was", name(one)),
                    all => format!("{} were", all.iter().take(MOST_NAMES).map(|one| format!("`{}`", name(one))).collect::<Vec<_>>().join(", ")),
                },
            ),
        ),
        Report::ToolboxDied { death: Death::Died } => warning("toolbox_died", "The toolbox in the sandbox died. It is started again for the next call.".into()),
        Report::ToolboxDied { death: Death::Silent } => warning(
            "toolbox_silent",
            "The toolbox in the sandbox did not answer any more. It was ended with everything that commands had started, and is started again for the next call.".into(),
        ),
        Report::DesktopEnded { reason } => {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            warning("desktop_ended", format!("The desktop ended{why}. It is started again when it is next needed."))
        }
        Report::BrowserEnded { reason } => {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            warning("browser_ended", format!("The browser ended{why}. It is started again when it is next needed."))
        }
        Report::Ended { reason } => SandboxReport::Gone { reason },
        Report::Page(page) => {
            let tabs = u32::try_from(page.tabs.len()).unwrap_or(u32::MAX);
            SandboxReport::Page(Page { url: page.url, title: page.title, loading: page.loading, tabs })
        }
        Report::Leaving { .. } => return None,
    })
}

fn warning(code: &str, text: String) -> SandboxReport {
    SandboxReport::Noted { level: Level::Warning, code: code.into(), text }
}

fn disk_share(used: u64, share: u64, uncountable: bool, ended: u32) -> String {
    let over = if used > share {
        format!("The session's files take up {}, more than its share of {}.", size(used), size(share))
    } else {
        "The session's files are too many or lie too deep to be counted, which counts as more than its share.".to_owned()
    };
    let deep = if uncountable && used > share { " Some of them are too many or lie too deep to be counted." } else { "" };
    let done = match ended {
        0 => String::new(),
        _ => format!(" {} that ran in the sandbox {} ended.", processes(ended), was(ended)),
    };
    format!("{over}{deep}{done} Delete what is not needed.")
}

fn processes(count: u32) -> String {
    if count == 1 { "1 process".to_owned() } else { format!("{count} processes") }
}

fn was(count: u32) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u32); 2] = [("GiB", 30), ("MiB", 20)];
    for (unit, shift) in UNITS {
        if bytes >> shift > 0 {
            let tenths = (bytes >> (shift - 10)).saturating_mul(10) >> 10;
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{} KiB", bytes >> 10)
}

/// What a process calls itself, harmless and short whatever the keeper passes on.
fn name(text: &str) -> String {
    text.chars().filter(|one| one.is_ascii_alphanumeric() || "._-".contains(*one)).take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_gets_a_sandbox_that_stands_still_is_told_so_once() {
        let ids = ["01920000-0000-7000-8000-000000000001", "01920000-0000-7000-8000-000000000002"].map(|id| id.parse().unwrap());
        let (reports, session) = (Reports::new(), Arc::new(Mutex::new(ids[0])));
        let (teller, mut heard) = (reports.teller(&session), reports.sender.subscribe());
        teller.tell(Report::DiskFloor { free_bytes: 3 << 20 });
        assert_eq!(heard.try_recv().unwrap().session, ids[0]);
        teller.tell_newcomer();
        assert!(heard.try_recv().is_err(), "it knows");
        *session.lock().unwrap() = ids[1];
        teller.tell_newcomer();
        teller.tell_newcomer();
        let told = heard.try_recv().unwrap();
        assert!(told.session == ids[1] && matches!(told.report, SandboxReport::Held { text, .. } if text.contains("3.0 MiB")));
        teller.tell(Report::DiskFine);
        assert_eq!(heard.try_recv().unwrap().report, SandboxReport::Released);
        *session.lock().unwrap() = ids[0];
        teller.tell_newcomer();
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn what_a_process_calls_itself_cannot_say_anything_else() {
        let ended = vec!["\u{1b}]0;x".to_owned(), "a".repeat(100), "python3".to_owned()];
        let report = in_words(Report::MemoryLimit { used_bytes: 3 << 30, limit_bytes: 1 << 30, ended });
        let Some(SandboxReport::Noted { text, .. }) = report else { panic!("{report:?}") };
        assert!(text.contains("3.0 GiB") && text.contains("`0x`") && text.contains("`python3` were ended"), "{text}");
        assert!(text.len() < 200 && !text.contains('\u{1b}'), "{text}");
    }
}
