//! What agents serve, opened on origins of their own.
//!
//! What stands there a sandbox wrote, so nothing of Holt is there: no route, no key, no header of its. Each preview has a
//! random name; whoever opens it shows a one-use ticket once and is known from then on by a cookie of that origin alone. A
//! preview ends when it is closed, with the key that opened it, and with its session.

mod headers;
mod origin;
mod pages;
mod pass;
mod visit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use holt_api::SessionId;
use holt_core::time::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::auth::keyring::Proved;
use crate::auth::secret::{self, Hash};
use crate::clock::now;
use crate::error::{ApiError, ApiResult};
use crate::state::App;

pub(crate) use origin::{Domain, Place};
pub(crate) use pages::{POLICY as SMALL_PAGE_POLICY, STYLE as SMALL_PAGE_STYLE};
pub(crate) use visit::{TICKET as TICKET_PARAMETER, divert, is_foreign, see_other, split};

/// How long a ticket may wait for its use.
const TICKET: Duration = Duration::from_secs(60);
const MOST: usize = 256;
const MOST_OF_A_SESSION: usize = 16;
/// Tickets, and browsers that have been let in, of one preview. The oldest makes room.
const MOST_VISITORS: usize = 32;
/// Requests of one preview that are under way.
const REQUESTS: usize = 128;

/// One preview. It is over when nobody holds it any more, or when it is closed.
#[derive(Debug)]
pub(crate) struct Preview {
    /// The random part of its name.
    pub label: String,
    pub session: SessionId,
    pub port: u16,
    pub place: Place,
    pub opened_at: Timestamp,
    by: Proved,
    requests: Arc<Semaphore>,
    keys: Mutex<Keys>,
    over: CancellationToken,
    _over: DropGuard,
}

/// What lets somebody in: kept as hashes.
#[derive(Debug, Default)]
struct Keys {
    tickets: Vec<(Hash, Timestamp)>,
    cookies: Vec<Hash>,
    /// Origins of Holt's page that may show it in a frame.
    frames: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Previews {
    open: Mutex<HashMap<String, Arc<Preview>>>,
}

impl Previews {
    /// The caller's preview of this port, made when there is none; with a fresh ticket. `frame` is the origin of the page
    /// that asks, which may show it.
    pub fn open(
        &self,
        app: &App,
        by: Proved,
        (session, port): (SessionId, u16),
        place: Place,
        frame: Option<String>,
    ) -> ApiResult<(Arc<Preview>, String, Timestamp)> {
        let preview = self.find_or_make(app, by, (session, port), place)?;
        let (ticket, until) = (secret::new_token(), now().plus(TICKET));
        let mut keys = preview.keys();
        push(&mut keys.tickets, (secret::hash(&ticket), until));
        if let Some(frame) = frame.filter(|frame| !keys.frames.contains(frame)) {
            push(&mut keys.frames, frame);
        }
        drop(keys);
        Ok((preview, ticket, until))
    }

    fn find_or_make(&self, app: &App, by: Proved, (session, port): (SessionId, u16), place: Place) -> ApiResult<Arc<Preview>> {
        let mut open = self.lock();
        let same = |preview: &&Arc<Preview>| {
            (preview.session, preview.port, &preview.place) == (session, port, &place)
                && preview.by.principal == by.principal
                && !preview.over.is_cancelled()
        };
        if let Some(found) = open.values().find(same) {
            return Ok(Arc::clone(found));
        }
        open.retain(|_, preview| !preview.is_over());
        if open.len() >= MOST || open.values().filter(|preview| preview.session == session).count() >= MOST_OF_A_SESSION {
            let hint = "Close some with `DELETE /v2/sessions/{id}/previews/{preview}`, or on the page.";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_previews", "too many previews are open", hint));
        }
        let (label, over) = (new_label(), CancellationToken::new());
        let preview = Arc::new(Preview {
            label: label.clone(),
            session,
            port,
            place,
            opened_at: now(),
            by,
            requests: Arc::new(Semaphore::new(REQUESTS)),
            keys: Mutex::default(),
            _over: over.clone().drop_guard(),
            over,
        });
        open.insert(label, Arc::clone(&preview));
        drop(open);
        watch(app, &preview);
        Ok(preview)
    }

    pub fn find(&self, label: &str) -> Option<Arc<Preview>> {
        self.lock().get(label).filter(|preview| !preview.is_over()).cloned()
    }

    /// The open ones of a session that this caller opened, the oldest first.
    pub fn of(&self, by: &Proved, session: SessionId) -> Vec<Arc<Preview>> {
        let open = self.lock();
        let own = open.values().filter(|preview| preview.session == session && preview.by.principal.owner == by.principal.owner);
        let mut own: Vec<_> = own.filter(|preview| !preview.is_over()).cloned().collect();
        own.sort_by_key(|preview| (preview.opened_at, preview.label.clone()));
        own
    }

    /// Closes one, and ends what is under way through it.
    pub fn close(&self, label: &str) {
        if let Some(preview) = self.lock().remove(label) {
            preview.over.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Preview>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Preview {
    /// Its address, without a ticket.
    pub fn origin(&self) -> String {
        self.place.origin(&self.label)
    }

    fn is_over(&self) -> bool {
        self.over.is_cancelled() || self.by.lease.is_over(now())
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spends a ticket for a cookie.
    fn exchange(&self, ticket: &str) -> Option<String> {
        let (hash, mut keys) = (secret::hash(ticket), self.keys());
        let at = keys.tickets.iter().position(|(known, _)| secret::same(known, &hash))?;
        let (_, until) = keys.tickets.remove(at);
        let cookie = (now() < until).then(secret::new_token)?;
        push(&mut keys.cookies, secret::hash(&cookie));
        Some(cookie)
    }

    fn knows(&self, cookie: &str) -> bool {
        let hash = secret::hash(cookie);
        self.keys().cookies.iter().any(|known| secret::same(known, &hash))
    }

    /// Who may show it in a frame, as a policy says it.
    fn frames(&self) -> String {
        ["'self'".to_owned()].iter().chain(&self.keys().frames).cloned().collect::<Vec<_>>().join(" ")
    }
}

/// Closes a preview when its key is revoked or the server ends.
fn watch(app: &App, preview: &Arc<Preview>) {
    let (label, lease, over) = (preview.label.clone(), preview.by.lease.clone(), preview.over.clone());
    let (closing, app) = (app.closing.clone(), app.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = lease.ended() => {}
            () = closing.cancelled() => {}
            () = over.cancelled() => {}
        }
        app.previews.close(&label);
    });
}

fn push<T>(list: &mut Vec<T>, one: T) {
    if list.len() >= MOST_VISITORS {
        list.remove(0);
    }
    list.push(one);
}

/// 128 random bits, as a name may be written.
fn new_label() -> String {
    let bytes: [u8; 16] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_label(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
}
