//! The default desktop: that of the caller's most recently used session that has one.

use holt_api::SessionId;
use holt_core::access::{Principal, Scope};
use holt_core::session::{Flavour, Status};
use holt_desktop::Desktop;
use holt_engine::{CreateSession, ListSessions};

use crate::error::ApiResult;
use crate::state::App;

/// How many sessions are looked at for one that has a desktop.
const LOOKED_AT: usize = 50;

/// The default desktop, awake. Where there is no session that has one, one is made.
pub async fn default_desktop(app: &App, by: &Principal) -> ApiResult<(SessionId, Desktop)> {
    let session = match newest(app, by).await? {
        Some(session) => session,
        None => made(app, by).await?,
    };
    open(app, by, session).await
}

/// A session's desktop, which is woken for it. Whoever shows a password or a capability may not be one who may do
/// that; they were let in to see it.
pub async fn open(app: &App, by: &Principal, session: SessionId) -> ApiResult<(SessionId, Desktop)> {
    app.engine.session(by, session).await?;
    app.engine.wake(&opener(by), session).await?;
    Ok((session, app.desktops.open(&app.engine, by, session).await?))
}

fn opener(by: &Principal) -> Principal {
    Principal { scopes: vec![Scope::View, Scope::Operate], ..by.clone() }
}

async fn newest(app: &App, by: &Principal) -> ApiResult<Option<SessionId>> {
    let status = vec![Status::Idle, Status::Running, Status::Waiting, Status::Asleep];
    let page = app.engine.list(by, ListSessions { status, limit: LOOKED_AT, ..ListSessions::default() }).await?;
    for summary in page.items {
        // One that is removed meanwhile is none.
        let Ok(session) = app.engine.session(by, summary.id).await else { continue };
        if session.desktop.flavour != Flavour::None {
            return Ok(Some(session.id));
        }
    }
    Ok(None)
}

async fn made(app: &App, by: &Principal) -> ApiResult<SessionId> {
    let wanted = CreateSession { title: Some("Desktop".into()), ..CreateSession::default() };
    Ok(app.engine.create(&opener(by), wanted).await?.id)
}
