//! What was reported and not heard yet, and what stands until something else is said.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holt_core::event::{Level, SandboxEnd};
use holt_core::id::SessionId;
use holt_core::machine::Input;
use holt_core::network::NetworkDecision;
use holt_core::sandbox::{Reported, SandboxReport};
use holt_core::view::Page;
use tokio::time::Instant;

use super::limit::{NOTES, NoteLimit, PageLimit};

/// The reports of all sandboxes. It holds something of a session only while a note of it is recent, or it is held.
#[derive(Debug)]
pub(crate) struct Reports {
    window: Duration,
    standing: Mutex<HashMap<SessionId, Standing>>,
}

#[derive(Debug, Default)]
struct Standing {
    news: News,
    limit: NoteLimit,
    /// The same for decisions about hosts, which must not take the place of other notes.
    decisions: NoteLimit,
    /// What the browser showed last, while it is too soon to tell that.
    page: Option<Page>,
    pages: PageLimit,
}

/// What a session has to hear. Whether its sandbox is held stays, the rest is heard once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct News {
    notes: Vec<Note>,
    /// What was decided about hosts.
    network: Vec<NetworkDecision>,
    /// Why it ended, when it did.
    gone: Option<String>,
    held: Option<Cause>,
    /// What the browser shows, when that is news.
    page: Option<Page>,
}

#[derive(Debug, Clone, PartialEq)]
struct Note {
    level: Level,
    code: String,
    text: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Cause {
    code: String,
    text: String,
}

impl Reports {
    pub fn new(window: Duration) -> Self {
        Self { window, standing: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Standing>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a report in. False when there is nothing to tell anybody.
    pub fn take_in(&self, Reported { session, report }: Reported, now: Instant) -> bool {
        let mut all = self.lock();
        let Standing { news, limit, decisions, page, pages } = all.entry(session).or_default();
        match report {
            SandboxReport::Held { code, text } => news.held = Some(Cause { code, text }),
            SandboxReport::Released => news.held = None,
            SandboxReport::Noted { level, code, text } => {
                let is_heard = news.notes.len() < NOTES as usize;
                if !limit.admits(now, is_heard) {
                    return false;
                }
                news.notes.push(Note { level, code, text });
            }
            SandboxReport::Network(decision) => {
                let is_heard = news.network.len() < NOTES as usize;
                if !decisions.admits(now, is_heard) {
                    return false;
                }
                news.network.push(decision);
            }
            SandboxReport::Page(shown) if pages.admits(now) => (news.page, *page) = (Some(shown), None),
            SandboxReport::Page(shown) => {
                *page = Some(shown);
                return false;
            }
            SandboxReport::Gone { reason } => (news.gone, news.held, *page) = (Some(reason), None, None),
        }
        true
    }

    /// What is to be heard now. It is heard once.
    pub fn news(&self, session: SessionId) -> News {
        let mut all = self.lock();
        let Some(standing) = all.get_mut(&session) else { return News::default() };
        let held = standing.news.held.clone();
        let news = std::mem::replace(&mut standing.news, News { held, ..News::default() });
        if standing.is_empty() {
            all.remove(&session);
        }
        news
    }

    /// The same, left where it is.
    pub fn peek(&self, session: SessionId) -> News {
        self.lock().get(&session).map(|standing| standing.news.clone()).unwrap_or_default()
    }

    /// What says whether the sandbox is held, as far as this process was told.
    pub fn held(&self, session: SessionId) -> Input {
        let held = self.lock().get(&session).and_then(|standing| standing.news.held.clone());
        held_or_not(held)
    }

    /// The sandbox was closed: nothing stands of it any more.
    pub fn closed(&self, session: SessionId) {
        if let Some(standing) = self.lock().get_mut(&session) {
            (standing.news.gone, standing.news.held) = (None, None);
            (standing.news.page, standing.page) = (None, None);
        }
    }

    /// There is no such session.
    pub fn forget_all(&self, session: SessionId) {
        self.lock().remove(&session);
    }

    /// When `end_windows` is next due.
    pub fn next_end(&self) -> Option<Instant> {
        self.lock()
            .values()
            .flat_map(|standing| {
                [standing.limit.end(self.window), standing.decisions.end(self.window), standing.page_due(), standing.pages.end()]
            })
            .flatten()
            .min()
    }

    /// Ends what windows are over. Returns the sessions that have to hear how much was left out.
    pub fn end_windows(&self, now: Instant) -> Vec<SessionId> {
        let mut told = Vec::new();
        self.lock().retain(|session, standing| {
            let left_out = standing.limit.end_window(now, self.window) + standing.decisions.end_window(now, self.window);
            if left_out > 0 && standing.news.notes.len() < 2 * NOTES as usize {
                standing.news.notes.push(left_out_note(left_out, self.window));
                told.push(*session);
            }
            if standing.page_due().is_some_and(|due| due <= now) && standing.pages.admits(now) {
                standing.news.page = standing.page.take();
                told.push(*session);
            }
            standing.pages.forget(now);
            !standing.is_empty()
        });
        told.dedup();
        told
    }
}

impl Standing {
    fn is_empty(&self) -> bool {
        self.news == News::default()
            && self.limit.end(Duration::ZERO).is_none()
            && self.decisions.end(Duration::ZERO).is_none()
            && self.page.is_none()
            && self.pages.is_quiet()
    }

    /// When what the browser shows can be told.
    fn page_due(&self) -> Option<Instant> {
        self.page.is_some().then(|| self.pages.next()).flatten()
    }
}

impl News {
    /// Why the sandbox ended, when it says that it has.
    pub fn gone(&self) -> Option<&str> {
        self.gone.as_deref()
    }

    /// The notes alone.
    pub fn notes(&self) -> impl Iterator<Item = Input> + use<'_> {
        let input = |note: &Note| Input::Note { level: note.level, code: note.code.clone(), text: note.text.clone() };
        self.notes.iter().map(input)
    }

    /// What was decided about hosts.
    pub fn network(&self) -> impl Iterator<Item = Input> + use<'_> {
        self.network.iter().cloned().map(Input::NetworkDecided)
    }

    /// What the browser shows, when that is news.
    pub fn page(&self) -> Option<Input> {
        self.page.clone().map(Input::PageShown)
    }

    /// All of it, in the order in which it is to be taken.
    pub fn inputs(&self) -> Vec<Input> {
        let gone = self.gone.as_ref().map(|_| Input::SandboxGone { why: SandboxEnd::Lost });
        self.notes().chain(self.network()).chain(self.page()).chain(gone).chain([held_or_not(self.held.clone())]).collect()
    }
}

fn held_or_not(held: Option<Cause>) -> Input {
    held.map_or(Input::SandboxReleased, |Cause { code, text }| Input::SandboxHeld { code, text })
}

fn left_out_note(left_out: u32, window: Duration) -> Note {
    let (s, were) = if left_out == 1 { ("", "was") } else { ("s", "were") };
    let text = format!(
        "{left_out} more report{s} of the sandbox {were} left out: at most {NOTES} are kept in {} seconds.",
        window.as_secs_f32()
    );
    Note { level: Level::Warning, code: "reports_left_out".into(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const WINDOW: Duration = Duration::from_secs(60);

    fn session() -> SessionId {
        SessionId::new(Uuid::from_u128(1))
    }

    fn told(reports: &Reports, report: SandboxReport, now: Instant) -> bool {
        reports.take_in(Reported { session: session(), report }, now)
    }

    fn note() -> SandboxReport {
        SandboxReport::Noted { level: Level::Info, code: "disk_share".into(), text: "over".into() }
    }

    fn held() -> SandboxReport {
        SandboxReport::Held { code: "disk_floor".into(), text: "full".into() }
    }

    #[test]
    fn a_flood_of_notes_is_heard_as_so_many_and_a_number() {
        let (reports, now) = (Reports::new(WINDOW), Instant::now());
        let told_of = (0..1000).filter(|_| told(&reports, note(), now)).count();
        assert_eq!(told_of, NOTES as usize);
        assert_eq!(reports.news(session()).notes().count(), NOTES as usize);
        assert_eq!(reports.news(session()).notes().count(), 0, "heard once");
        assert_eq!(reports.end_windows(now), []);
        let end = reports.next_end().unwrap();
        assert_eq!(reports.end_windows(end), [session()]);
        let Some(Input::Note { code, text, .. }) = reports.news(session()).notes().next() else { panic!() };
        assert!(code == "reports_left_out" && text.starts_with("980 more reports of the sandbox were left out"), "{text}");
        assert!(reports.lock().is_empty(), "nothing is kept of a session that is quiet");
    }

    #[test]
    fn pages_that_change_all_the_time_are_told_once_in_a_while_and_the_last_of_them_always() {
        let (reports, mut now) = (Reports::new(WINDOW), Instant::now());
        let page = |title: u32| SandboxReport::Page(Page { title: title.to_string(), tabs: 1, ..Page::default() });
        let mut heard = Vec::new();
        for title in 0..3000 {
            now += Duration::from_millis(100);
            reports.end_windows(now);
            told(&reports, page(title), now);
            if let Some(Input::PageShown(page)) = reports.news(session()).page() {
                heard.push(page.title);
            }
        }
        assert!((20..100).contains(&heard.len()), "{} in five minutes", heard.len());
        let end = reports.next_end().unwrap();
        assert_eq!(reports.end_windows(end), [session()]);
        assert_eq!(
            reports.news(session()).page(),
            Some(Input::PageShown(Page { title: "2999".into(), tabs: 1, ..Page::default() }))
        );
        reports.end_windows(end + Duration::from_secs(60));
        assert!(reports.lock().is_empty(), "nothing is kept of a browser that is quiet");
    }

    #[test]
    fn held_stands_until_something_else_is_said() {
        let (reports, now) = (Reports::new(WINDOW), Instant::now());
        told(&reports, held(), now);
        for _ in 0..2 {
            assert!(matches!(reports.news(session()).inputs()[..], [Input::SandboxHeld { .. }]));
        }
        told(&reports, SandboxReport::Released, now);
        assert_eq!(reports.held(session()), Input::SandboxReleased);
        told(&reports, held(), now);
        told(&reports, SandboxReport::Gone { reason: "killed".into() }, now);
        let gone = Input::SandboxGone { why: SandboxEnd::Lost };
        assert_eq!(reports.news(session()).inputs(), [gone, Input::SandboxReleased]);
        told(&reports, held(), now);
        reports.closed(session());
        assert_eq!(reports.held(session()), Input::SandboxReleased, "a closed sandbox is not held");
        reports.news(session());
        assert!(reports.lock().is_empty());
    }
}
