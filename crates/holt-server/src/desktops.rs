//! The desktops that are being watched, one connection for each however many watch.
//!
//! Pictures are encoded on threads of their own, so that somebody who watches a film on a desktop does not slow the answers
//! to others down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use holt_core::access::Principal;
use holt_core::id::SessionId;
use holt_desktop::{Desktop, WeakDesktop};
use holt_engine::Engine;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;

use crate::error::{ApiError, ApiResult};

/// Who comes second waits here for who came first.
type Slot = Arc<AsyncMutex<Option<WeakDesktop>>>;

#[derive(Debug, Default)]
pub(crate) struct Desktops {
    slots: Mutex<HashMap<SessionId, Slot>>,
    threads: OnceLock<Option<Runtime>>,
}

impl Desktops {
    /// The session's desktop, which is started when it does not run.
    pub async fn open(&self, engine: &Engine, by: &Principal, session: SessionId) -> ApiResult<Desktop> {
        let slot = self.slot(session);
        let mut slot = slot.lock().await;
        if let Some(desktop) = slot.as_ref().and_then(WeakDesktop::upgrade) {
            // Whether this caller may see it is asked each time; connecting asks it too.
            engine.session(by, session).await?;
            engine.desktop_is_used(session);
            return Ok(desktop);
        }
        let link = engine.desktop(by, session).await?.compat();
        let opened = self.threads()?.spawn(Desktop::open(link)).await;
        let desktop = opened.map_err(unreachable)?.map_err(unreachable)?;
        *slot = Some(desktop.downgrade());
        Ok(desktop)
    }

    /// Where desktops are served.
    pub fn threads(&self) -> ApiResult<Handle> {
        let threads = self.threads.get_or_init(|| Builder::new_multi_thread().thread_name("desktop").enable_all().build().ok());
        let threads = threads.as_ref().ok_or_else(|| unreachable("no threads can be had"))?;
        Ok(threads.handle().clone())
    }

    /// The session's place; those of desktops that nobody watches any more are given up.
    fn slot(&self, session: SessionId) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| {
            let unused = || slot.try_lock().is_ok_and(|held| held.as_ref().is_none_or(|desktop| desktop.upgrade().is_none()));
            Arc::strong_count(slot) > 1 || !unused()
        });
        Arc::clone(slots.entry(session).or_default())
    }
}

impl Drop for Desktops {
    fn drop(&mut self) {
        // Waiting for threads is not for whoever drops this, which may be a thread of a runtime itself.
        if let Some(Some(threads)) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

fn unreachable(why: impl std::fmt::Display) -> ApiError {
    let hint = "Try again; if it happens again, `holt doctor` says what this machine lacks for desktops.";
    ApiError::new(axum::http::StatusCode::BAD_GATEWAY, "desktop_unreachable", format!("the desktop cannot be shown: {why}"), hint)
}
