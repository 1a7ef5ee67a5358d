//! Removes sessions that ended long ago, where the configuration asks for it.

use std::time::Duration;

use holt_core::access::Principal;
use holt_core::id::SessionId;
use holt_core::session::Status;
use holt_engine::{Engine, EngineError, ListSessions};

use super::assemble::house;
use crate::show::words::now;

const LOOK: Duration = Duration::from_secs(60 * 60);
const PAGE: usize = 200;

pub async fn run(engine: Engine) {
    loop {
        if let Err(error) = remove_old(&engine).await {
            tracing::warn!(%error, "old sessions could not be removed");
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn remove_old(engine: &Engine) -> Result<(), EngineError> {
    let by = house("retention");
    for session in old(engine, &by).await? {
        engine.remove(&by, session).await?;
        tracing::info!(%session, "removed: it ended longer ago than sessions.retention");
    }
    Ok(())
}

async fn old(engine: &Engine, by: &Principal) -> Result<Vec<SessionId>, EngineError> {
    let mut found = Vec::new();
    let mut request = ListSessions { status: vec![Status::Ended], limit: PAGE, ..ListSessions::default() };
    let now = now();
    loop {
        let page = engine.list(by, request.clone()).await?;
        found
            .extend(page.items.iter().filter(|session| session.removed_at.is_some_and(|at| at <= now)).map(|session| session.id));
        if page.next.is_none() {
            return Ok(found);
        }
        request.cursor = page.next;
    }
}
