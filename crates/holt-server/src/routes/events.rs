//! A session's events: in pages, or as they happen.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::stream::{self, Stream, StreamExt as _};
use holt_api::bounds::MAX_EVENT_PAGE;
use holt_api::{EventPage, Scope, Seq, SessionId};
use holt_engine::{EngineError, Feed, FeedItem};
use serde::Deserialize;
use tokio::time::{Interval, MissedTickBehavior};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::feed::{feed_items, payload};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::http::accept::{EVENTS, JSON, preferred};
use crate::http::params::{Query, SessionParam};
use crate::router::Declared;
use crate::state::App;
use crate::streams::Transport;

const DEFAULT_PAGE: usize = 200;
/// How many items that are ready go out in one piece.
const BATCH: usize = 64;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// Only events after this one.
    after: Option<Seq>,
    /// Only events before this one: the page nearest to it.
    before: Option<Seq>,
    /// 1 to 1000.
    limit: Option<usize>,
}

/// Reads a session's events, or follows them.
///
/// As JSON: a page, oldest first. As `text/event-stream`: a snapshot, or with `after` or `Last-Event-ID` the place after
/// that event, and then everything as it happens. The names of the events are `snapshot`, `event`, `delta`, `removed` and
/// `error`; their data is what the socket's frames carry under that name.
#[utoipa::path(get, path = "/v2/sessions/{id}/events", tag = "events",
    params(("id" = SessionId, Path, description = "The session."), EventsQuery,
        ("Last-Event-ID" = Option<Seq>, Header, description = "The last event that the client has, when it follows.")),
    responses((status = 200, description = "A page, or the stream.",
        content((EventPage = "application/json"), (String = "text/event-stream")))))]
async fn read_events(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    if preferred(&headers, &[JSON, EVENTS]) == EVENTS {
        return follow(&app, caller, id, query.after.or_else(|| last_event_id(&headers))).await;
    }
    let limit = query.limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_EVENT_PAGE);
    let by = &caller.principal;
    let events = match (query.after, query.before) {
        (Some(_), Some(_)) => return Err(both_ways()),
        (_, Some(before)) => app.engine.events_before(by, id, before, limit).await?,
        (after, None) => app.engine.events_after(by, id, after.unwrap_or(0), limit).await?,
    };
    let last_seq = app.engine.session(by, id).await?.last_seq;
    let mut text = String::with_capacity(events.iter().map(|event| event.body.len() + 200).sum::<usize>() + 40);
    text.push_str(r#"{"events":["#);
    for (n, event) in events.iter().enumerate() {
        text.push_str(if n == 0 { "" } else { "," });
        event.write_json(&mut text);
    }
    text.push_str(&format!(r#"],"last_seq":{last_seq}}}"#));
    let mut response = Body::from(text).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

fn both_ways() -> ApiError {
    let message = "`after` and `before` cannot be given together";
    ApiError::new(StatusCode::BAD_REQUEST, "bad_query", message, "Give one of them; `limit` bounds the page.")
}

fn last_event_id(headers: &HeaderMap) -> Option<Seq> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}

async fn follow(app: &App, caller: Caller, id: SessionId, after: Option<Seq>) -> ApiResult<Response> {
    let seat = app.streams.take(&caller.principal, Transport::Events)?;
    let feed = app.engine.follow(&caller.principal, id, after).await?;
    let pieces = event_stream(feed, app.timing.ping).map(move |piece| {
        // The place is held for as long as the stream is.
        let _held = &seat;
        Ok::<_, std::convert::Infallible>(piece)
    });
    let mut response = Body::from_stream(pieces.take_until(Box::pin(caller.over(app)))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENTS));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The feed as server-sent events, with a sign of life while nothing happens.
fn event_stream(feed: Feed, ping: Duration) -> impl Stream<Item = Bytes> + Send {
    let mut alive = tokio::time::interval_at(tokio::time::Instant::now() + ping, ping);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let items = Box::pin(feed_items(feed).ready_chunks(BATCH));
    let start = Bytes::from_static(b"retry: 1000\n\n");
    stream::once(async { start }).chain(stream::unfold((items, alive), async move |(mut items, mut alive)| {
        let piece = next_piece(&mut items, &mut alive).await?;
        Some((piece, (items, alive)))
    }))
}

async fn next_piece<S>(items: &mut S, alive: &mut Interval) -> Option<Bytes>
where
    S: Stream<Item = Vec<Result<FeedItem, EngineError>>> + Unpin,
{
    tokio::select! {
        batch = items.next() => batch.map(|batch| write_batch(&batch)),
        _ = alive.tick() => Some(Bytes::from_static(b": \n\n")),
    }
}

fn write_batch(batch: &[Result<FeedItem, EngineError>]) -> Bytes {
    let mut out = BytesMut::new();
    for item in batch {
        match item {
            Ok(item) => write_item(&mut out, item),
            Err(error) => {
                let text = serde_json::json!({ "code": error.code(), "message": error.to_string(), "hint": error.hint() });
                write_event(&mut out, "error", None, text.to_string().as_bytes());
            }
        }
    }
    out.freeze()
}

fn write_item(out: &mut BytesMut, item: &FeedItem) {
    match item {
        FeedItem::Snapshot { seq, frame } => write_event(out, "snapshot", Some(*seq), payload(frame, "snapshot")),
        FeedItem::Event { seq, frame } => write_event(out, "event", Some(*seq), payload(frame, "event")),
        FeedItem::Delta { frame } => write_event(out, "delta", None, payload(frame, "delta")),
        FeedItem::Removed => write_event(out, "removed", None, b"{}"),
    }
}

fn write_event(out: &mut BytesMut, name: &str, id: Option<Seq>, data: &[u8]) {
    if let Some(id) = id {
        out.put_slice(format!("id: {id}\n").as_bytes());
    }
    out.put_slice(format!("event: {name}\n").as_bytes());
    // JSON texts of ours are one line; whatever is not would end the event early.
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.put_slice(b"data: ");
        out.put_slice(line);
        out.put_slice(b"\n");
    }
    out.put_slice(b"\n");
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(read_events))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_become_events_with_their_place() {
        let frame = Bytes::from_static(br#"{"type":"event","event":{"seq":3,"body":{"event":"x"}}}"#);
        let delta = Bytes::from_static(br#"{"type":"delta","session":"s","delta":{"text":"a\nb"}}"#);
        let text =
            write_batch(&[Ok(FeedItem::Event { seq: 3, frame }), Ok(FeedItem::Delta { frame: delta }), Ok(FeedItem::Removed)]);
        let expected = "id: 3\nevent: event\ndata: {\"seq\":3,\"body\":{\"event\":\"x\"}}\n\n\
                        event: delta\ndata: {\"text\":\"a\\nb\"}\n\nevent: removed\ndata: {}\n\n";
        assert_eq!(text, expected.as_bytes());
    }

    #[test]
    fn a_line_break_never_ends_an_event() {
        let mut out = BytesMut::new();
        write_event(&mut out, "event", None, b"{\"a\":\n1}\r\nx");
        assert_eq!(&out[..], b"event: event\ndata: {\"a\":\ndata: 1}\ndata: \ndata: x\n\n");
    }
}
