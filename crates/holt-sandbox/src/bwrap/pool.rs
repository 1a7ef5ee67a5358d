//! Sandboxes that are opened ahead, so that a new session has its own at once. One fits a session with a managed workspace, the
//! environment, and the limits that the driver is set to: its directories get the session's name, which what is bound does not mind.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use holt_core::id::SessionId;
use holt_core::sandbox::SandboxSpec;
use holt_core::session::WorkspaceSpec;
use uuid::Uuid;

use super::driver::{Inner, Open};
use super::opening::Opening;
use super::options::Options;

/// The prepared sandboxes.
#[derive(Debug)]
pub struct Pool {
    wanted: usize,
    ready: Mutex<Vec<Open>>,
    /// Held while one is being prepared, so that whoever ends them all waits for it.
    preparing: tokio::sync::Mutex<()>,
    /// A refill is under way or waits for its time.
    refilling: AtomicBool,
    closed: AtomicBool,
}

impl Pool {
    pub fn new(wanted: usize) -> Self {
        let (ready, preparing) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { wanted, ready, preparing, refilling: AtomicBool::new(false), closed: AtomicBool::new(false) }
    }

    /// Keeps the pool from being drained while a sandbox is opened that no session has. `None` when it is too late for that.
    pub async fn hold(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let held = self.preparing.lock().await;
        (!self.closed.load(Ordering::Acquire)).then_some(held)
    }

    fn pop(&self) -> Option<Open> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn is_full(&self) -> bool {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).len() >= self.wanted || self.closed.load(Ordering::Acquire)
    }
}

/// What a session without wishes of its own gets.
pub fn usual_spec(options: &Options, session: SessionId) -> SandboxSpec {
    SandboxSpec {
        session,
        workspace: WorkspaceSpec::Managed,
        environment: options.environment.clone(),
        limits: options.limits,
        profile: None,
        read_only: false,
        variables: BTreeMap::new(),
    }
}

/// A prepared sandbox for the session, when one fits.
pub async fn take(inner: &Inner, spec: &SandboxSpec) -> Option<Open> {
    if *spec != usual_spec(&inner.options, spec.session) {
        return None;
    }
    let wanted = inner.places.session(spec.session);
    // A session that has files already keeps them, and a prepared sandbox has its own.
    if !wanted.remove_if_empty() {
        return None;
    }
    while let Some(mut open) = inner.pool.pop() {
        let provisional = open.record.session;
        if open.client.lost().is_none() && inner.places.prepared(provisional).rename(&wanted).is_ok() {
            open.record.session = spec.session;
            open.record.prepared = false;
            *open.session.lock().unwrap_or_else(PoisonError::into_inner) = spec.session;
            let recorded = inner.records.put(&open.record);
            let _ = inner.records.remove(provisional);
            if recorded.is_ok() {
                return Some(open);
            }
        }
        discard(inner, open).await;
    }
    None
}

async fn discard(inner: &Inner, open: Open) {
    inner.end(&open).await;
    let directory = inner.places.prepared(open.record.session);
    let _ = tokio::task::spawn_blocking(move || directory.remove()).await;
}

/// Opens sandboxes ahead in a while, unless that is under way.
pub fn refill_later(inner: &Arc<Inner>) {
    if inner.pool.is_full() || inner.pool.refilling.swap(true, Ordering::AcqRel) {
        return;
    }
    let weak = Arc::downgrade(inner);
    let pause = inner.options.prepare_after;
    tokio::spawn(async move {
        tokio::time::sleep(pause).await;
        let Some(inner) = weak.upgrade() else { return };
        let is_refilled = refill(&inner).await;
        inner.pool.refilling.store(false, Ordering::Release);
        if is_refilled {
            // Whoever took one just before saw that a refill was under way.
            refill_later(&inner);
        }
    });
}

/// Says whether as many are there as are wanted.
async fn refill(inner: &Inner) -> bool {
    let Some(_held) = inner.pool.hold().await else { return false };
    while !inner.pool.is_full() {
        let session = SessionId::new(Uuid::now_v7());
        let (spec, directory) = (usual_spec(&inner.options, session), inner.places.prepared(session));
        match inner.start(Opening { session, directory: directory.clone(), spec: &spec, prepared: true }).await {
            Ok(open) if inner.pool.closed.load(Ordering::Acquire) => discard(inner, open).await,
            Ok(open) => inner.pool.ready.lock().unwrap_or_else(PoisonError::into_inner).push(open),
            Err(error) => {
                // Whoever opens a sandbox is told why it does not open.
                tracing::debug!(%error, "no sandbox could be prepared");
                let _ = directory.remove();
                return false;
            }
        }
    }
    true
}

/// Ends the prepared sandboxes and prepares no more.
pub async fn drain(inner: &Inner) {
    inner.pool.closed.store(true, Ordering::Release);
    let _none_is_being_prepared = inner.pool.preparing.lock().await;
    while let Some(open) = inner.pool.pop() {
        discard(inner, open).await;
    }
}
