//! Showing a desktop to a viewer that has been let in and has introduced itself.

use bytes::Bytes;
use futures::{Sink, Stream};
use holt_api::{ClientId, SessionId};
use holt_core::access::Principal;
use holt_desktop::Desktop;
use uuid::Uuid;

use super::hand::Hand;
use crate::error::ApiResult;
use crate::state::App;
use crate::watching::Watcher;

/// Serves it until it leaves, the desktop is gone, or `over`. Where it `drives`, its first key or button takes control, and
/// leaving gives it back.
pub(super) async fn show<From, To>(
    app: &App,
    by: &Principal,
    (session, desktop): (SessionId, Desktop),
    drives: bool,
    (from, to): (From, To),
    over: impl Future<Output = ()>,
) -> ApiResult<()>
where
    From: Stream<Item = Bytes> + Send + Unpin + 'static,
    To: Sink<Bytes> + Send + Unpin + 'static,
{
    let engine = app.engine.clone();
    let (control, threads) = (engine.watch_control(by, session).await?, app.desktops.threads()?);
    let client = ClientId::new(Uuid::new_v4());
    let watcher = Watcher { engine: engine.clone(), session, client: drives.then_some(client), control, by: by.name.clone() };
    let (watching, permitted) = watcher.begin();
    if drives {
        let hand = Hand { engine: engine.clone(), by: by.clone(), session, client, permitted };
        watching.serve(&threads, desktop, (hand.watch(from), to), over).await;
        // Whoever had nothing has nothing to give back.
        let _ = engine.return_control(by, session, client).await;
    } else {
        watching.serve(&threads, desktop, (from, to), over).await;
    }
    Ok(())
}
