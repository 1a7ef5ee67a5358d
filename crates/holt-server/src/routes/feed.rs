//! One socket on which a client follows many sessions.
//!
//! What a feed gives is sent as it is: its frames were made once for all followers. A client that takes slowly is waited
//! for, while its feeds go back to the log by themselves; one that takes or says nothing for too long is let go. When the
//! caller's key is revoked, the socket ends at once, whatever was being sent.

use std::collections::HashMap;
use std::pin::pin;

use axum::extract::State;
use axum::extract::ws::{
    CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection,
};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream::{self, BoxStream, SelectAll, SplitSink, SplitStream, Stream, StreamExt as _};
use futures::{FutureExt as _, SinkExt as _};
use holt_api::bounds::{MAX_FOLLOWS, MAX_FRAME_BYTES};
use holt_api::{ClientFrame, Follow, Scope, ServerFrame, SessionId};
use holt_engine::{EngineError, Feed, FeedItem, Watch, WatchItem};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::router::Declared;
use crate::state::App;
use crate::streams::{Seat, Transport};

const READ_BUFFER: usize = 4 * 1024;
const WRITE_BUFFER: usize = 16 * 1024;
/// How many frames that are ready are written before the socket is flushed.
const BATCH: usize = 64;

/// Follows sessions over a WebSocket.
///
/// The client sends `ClientFrame`s, the server sends `ServerFrame`s: `{"follow":id,"after":seq}` is answered by every event
/// after that number, or by a snapshot first when none is given; with `"deltas":false` text comes only with its finished
/// message. `{"watch":"sessions"}` is answered by `watching`, and from then on by a `summary` of each session of the caller's
/// list whenever it would show something else, and by `removed`: read the list after `watching`, and again whenever that
/// comes. A browser, which cannot send a key here, adds a
/// ticket for this address.
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

    async fn send(&mut self, message: Message) -> Result<(), End> {
        self.out.send(message).await.map_err(|_| End::Gone)
    }

    async fn say(&mut self, frame: &ServerFrame) -> Result<(), End> {
        let text = serde_json::to_string(frame).map_err(|_| End::Gone)?;
        self.send(Message::text(text)).await
    }

    /// Writes an item and whatever else is ready, and then flushes once.
    async fn pass_on(&mut self, first: Followed) -> Result<(), End> {
        let mut next = Some(first);
        for _ in 0..BATCH {
            let Some((session, item)) = next.take() else { break };
            if let Some(message) = self.frame(session, item) {
                self.out.feed(message).await.map_err(|_| End::Gone)?;
            }
            next = self.feeds.next().now_or_never().flatten();
        }
        // What was taken beyond the batch goes out with it.
        if let Some((session, item)) = next
            && let Some(message) = self.frame(session, item)
        {
            self.out.feed(message).await.map_err(|_| End::Gone)?;
        }
        self.out.flush().await.map_err(|_| End::Gone)
    }

    fn frame(&mut self, session: SessionId, item: Result<FeedItem, EngineError>) -> Option<Message> {
        let bytes = match item {
            Ok(FeedItem::Snapshot { frame, .. } | FeedItem::Event { frame, .. } | FeedItem::Delta { frame }) => frame,
            Ok(FeedItem::Removed) => {
                self.unfollow(session);
                serde_json::to_vec(&ServerFrame::Removed { session }).ok()?.into()
            }
            Err(error) => {
                self.unfollow(session);
                serde_json::to_vec(&failed(session, error)).ok()?.into()
            }
        };
        Utf8Bytes::try_from(bytes).ok().map(Message::Text)
    }

    async fn hear(&mut self, said: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        self.heard = Instant::now();
        match said {
            Some(Ok(Message::Text(text))) => self.obey(text.as_str()).await,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => Err(End::Told(close_code::UNSUPPORTED, "frames are text in JSON")),
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
            Some(Err(error)) => Err(broken(&error)),
        }
    }

    async fn obey(&mut self, text: &str) -> Result<(), End> {
        match serde_json::from_str(text) {
            Ok(ClientFrame::Follow(wish)) => self.follow(wish).await,
            Ok(ClientFrame::Unfollow(wish)) => {
                self.unfollow(wish.unfollow);
                Ok(())
            }
            Ok(ClientFrame::Watch(_)) => self.watch().await,
            Ok(ClientFrame::Unwatch(_)) => {
                self.watch = None;
                Ok(())
            }
            Ok(ClientFrame::Ping(wish)) => self.say(&ServerFrame::Pong { ping: wish.ping }).await,
            Err(_) => {
                let hint = "Send {\"follow\":id,\"after\":seq}, {\"unfollow\":id}, {\"watch\":\"sessions\"} or {\"ping\":n}.";
                self.say(&complaint(None, "bad_frame", "the frame is none that this socket takes", hint)).await
            }
        }
    }

    async fn follow(&mut self, Follow { follow: session, after, deltas }: Follow) -> Result<(), End> {
        // Following again begins again.
        self.unfollow(session);
        if self.follows.len() >= MAX_FOLLOWS {
            let message = format!("this socket follows {MAX_FOLLOWS} sessions already");
            return self
                .say(&complaint(Some(session), "too_many_follows", &message, "Unfollow some, or open another socket."))
                .await;
        }
        let (engine, by) = (&self.app.engine, &self.caller.principal);
        let feed = match deltas {
            true => engine.follow(by, session, after).await,
            false => engine.follow_quietly(by, session, after).await,
        };
        match feed {
            Ok(feed) => {
                let over = CancellationToken::new();
                let items = feed_items(feed).map(move |item| (session, item));
                self.feeds.push(items.take_until(over.clone().cancelled_owned()).boxed());
                self.follows.insert(session, over);
                Ok(())
            }
            Err(error) => self.say(&failed(session, error)).await,
        }
    }

    /// Watching again begins again.
    async fn watch(&mut self) -> Result<(), End> {
        match self.app.engine.watch(&self.caller.principal) {
            Ok(watch) => {
                self.watch = Some(watch);
                self.say(&ServerFrame::Watching).await
            }
            Err(error) => {
                let ApiError { code, message, hint, .. } = ApiError::from(error);
                self.say(&complaint(None, &code, &message, &hint)).await
            }
        }
    }

    /// Writes what has changed in the list, and then flushes once.
    async fn tell(&mut self, news: Vec<WatchItem>) -> Result<(), End> {
        for item in news {
            let frame = match item {
                WatchItem::Changed(summary) => ServerFrame::Summary { session: summary.id, summary },
                WatchItem::Removed(session) => ServerFrame::Removed { session },
                WatchItem::Lost => ServerFrame::Watching,
            };
            let text = serde_json::to_string(&frame).map_err(|_| End::Gone)?;
            self.out.feed(Message::text(text)).await.map_err(|_| End::Gone)?;
        }
        self.out.flush().await.map_err(|_| End::Gone)
    }

    fn unfollow(&mut self, session: SessionId) {
        if let Some(over) = self.follows.remove(&session) {
            over.cancel();
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

fn failed(session: SessionId, error: EngineError) -> ServerFrame {
    let ApiError { code, message, hint, .. } = ApiError::from(error);
    complaint(Some(session), &code, &message, &hint)
}

fn complaint(session: Option<SessionId>, code: &str, message: &str, hint: &str) -> ServerFrame {
    ServerFrame::Error { session, code: code.into(), message: message.into(), hint: hint.into() }
}

fn broken(error: &axum::Error) -> End {
    // The one fault of a client's that a close code names; the rest is a connection that is gone.
    let text = error.to_string();
    if text.contains("too long") || text.contains("too big") {
        End::Told(close_code::SIZE, "a frame may have 64 KiB")
    } else {
        End::Told(close_code::PROTOCOL, "that was not a WebSocket frame")
    }
}

/// A feed as a stream. It ends with the first error: whoever follows comes back with the place that it has.
pub(super) fn feed_items(feed: Feed) -> impl Stream<Item = Result<FeedItem, EngineError>> + Send + 'static {
    stream::unfold(Some(feed), async |feed| {
        let mut feed = feed?;
        let item = feed.next().await?;
        let rest = item.is_ok().then_some(feed);
        Some((item, rest))
    })
}

/// What stands in a frame under this name: `{"type":…,…,"<name>":<payload>}`.
pub(super) fn payload<'a>(frame: &'a [u8], name: &str) -> &'a [u8] {
    let key = format!(r#""{name}":"#);
    let start = frame.windows(key.len()).position(|window| window == key.as_bytes()).map(|at| at + key.len());
    start.and_then(|start| frame.get(start..frame.len() - 1)).unwrap_or(frame)
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(open_feed))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_of_a_frame_is_found() {
        assert_eq!(payload(br#"{"type":"event","event":{"a":1}}"#, "event"), br#"{"a":1}"#);
        assert_eq!(payload(br#"{"type":"delta","session":"s","delta":{"delta":"x"}}"#, "delta"), br#"{"delta":"x"}"#);
        assert_eq!(payload(br#"{"type":"snapshot","session":"s","snapshot":{}}"#, "snapshot"), b"{}");
    }
}
