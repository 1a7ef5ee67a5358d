//! One socket on which a client follows many sessions.
//!
//! What a feed gives is sent as it is: its frames were made once for all followers. A client that takes slowly is waited
//! for, while its feeds go back to the log by themselves; one that takes or says nothing for too long is let go. When the
//! caller's key is revoked, the socket ends at once, whatever was being sent.

mod items;
mod obeying;
mod telling;

use std::collections::HashMap;
use std::pin::pin;

use axum::extract::State;
use axum::extract::ws::{
    CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection,
};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream::{BoxStream, SelectAll, SplitSink, SplitStream, StreamExt as _};
use futures::{FutureExt as _, SinkExt as _};
use holt_api::bounds::MAX_FRAME_BYTES;
use holt_api::{Scope, SessionId};
use holt_engine::{EngineError, FeedItem, Watch, WatchItem};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::router::Declared;
use crate::state::App;
use crate::streams::{Seat, Transport};
pub(super) use items::{feed_items, payload};

const READ_BUFFER: usize = 4 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;

/// Follows sessions over a WebSocket.
///
/// The client sends `ClientFrame`s, the server sends `ServerFrame`s: `{"follow":id,"after":seq}` is answered by every event
/// after that number, or by a snapshot first when none is given; with `"deltas":false` text comes only with its finished
/// message. `{"watch":"sessions"}` is answered by `watching`, and from then on by a `summary` of each session of the caller's
/// list whenever it would show something else, and by `removed`: read the list after `watching`, and again whenever that
/// comes. `{"answer":call,"session":id,"with":{"allow":true,"hash":…}}`, `{"reply":call,"session":id,"text":…}` and
/// `{"answer_host":n,"session":id,"allow":true}` answer questions, with the scope `approve`, and are answered by `answered` or an
/// `error`. A browser, which cannot send a key here, adds a ticket for this address.
#[utoipa::path(get, path = "/v2/feed", tag = "events",
    responses((status = 101, description = "The socket; its frames are `ClientFrame` and `ServerFrame`.")))]
async fn open_feed(
    State(app): State<App>,
    caller: Caller,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> ApiResult<Response> {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(refused) => return Err(not_a_socket(&refused)),
    };
    let seat = app.streams.take(&caller.principal, Transport::Socket)?;
    let upgrade = upgrade
        .max_frame_size(MAX_FRAME_BYTES)
        .max_message_size(MAX_FRAME_BYTES)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER);
    Ok(upgrade.on_upgrade(move |socket| Socket::new(app, caller, socket).run(seat)).into_response())
}

pub(super) fn not_a_socket(refused: &WebSocketUpgradeRejection) -> ApiError {
    let hint = "Connect with a WebSocket client, or follow one session at `/v2/sessions/{id}/events`.";
    ApiError::new(axum::http::StatusCode::UPGRADE_REQUIRED, "upgrade_required", refused.body_text(), hint)
}

/// Something that a feed gave, and of which session.
type Followed = (SessionId, Result<FeedItem, EngineError>);

struct Socket {
    app: App,
    caller: Caller,
    out: SplitSink<WebSocket, Message>,
    from: SplitStream<WebSocket>,
    feeds: SelectAll<BoxStream<'static, Followed>>,
    /// What ends each of the feeds.
    follows: HashMap<SessionId, CancellationToken>,
    watch: Option<Watch>,
    heard: Instant,
}

/// Why a socket ends.
enum End {
    /// The client is gone, or not worth waiting for.
    Gone,
    /// The client is told so, with a code of the standard and a reason.
    Told(u16, &'static str),
}

impl Socket {
    fn new(app: App, caller: Caller, socket: WebSocket) -> Self {
        let (out, from) = socket.split();
        Self { app, caller, out, from, feeds: SelectAll::new(), follows: HashMap::new(), watch: None, heard: Instant::now() }
    }

    async fn run(mut self, _seat: Seat) {
        let mut over = pin!(self.caller.over(&self.app));
        let end = tokio::select! {
            end = self.serve() => end,
            () = over.as_mut() => End::Told(close_code::POLICY, "the key opens nothing any more, or the server is ending"),
        };
        if let End::Told(code, reason) = end {
            let close = Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }));
            // A word of farewell, if it goes out at once.
            let _ = self.out.send(close).now_or_never();
        }
    }

    async fn serve(&mut self) -> End {
        let timing = self.app.timing;
        let mut tick = tokio::time::interval_at(Instant::now() + timing.ping, timing.ping);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                said = self.from.next() => self.hear(said).await,
                Some(item) = self.feeds.next(), if !self.feeds.is_empty() => self.pass_on(item).await,
                Some(news) = next_of(&mut self.watch) => self.tell(news).await,
                _ = tick.tick() => match self.heard.elapsed() > timing.ping + timing.stall {
                    true => Err(End::Gone),
                    false => self.send(Message::Ping(Bytes::new())).await,
                },
            };
            if let Err(end) = step {
                return end;
            }
        }
    }
}

/// What has changed in a watched list; nothing, at once, when none is watched.
async fn next_of(watch: &mut Option<Watch>) -> Option<Vec<WatchItem>> {
    match watch {
        Some(watch) => Some(watch.next().await),
        None => None,
    }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(open_feed))]
}
