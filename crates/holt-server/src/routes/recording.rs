//! What was recorded of a session's desktop.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use holt_api::{RecordAction, RecordRequest, RecordedSegment, RecordingList, Scope, SessionId, Snapshot};
use holt_core::recording::Segment;
use utoipa_axum::routes;

use super::transfer::{Download, off_thread};
use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::body::JsonBody;
use crate::http::params::{SegmentParam, SessionParam};
use crate::router::Declared;
use crate::state::App;

/// Lists what was recorded of a session's desktop.
#[utoipa::path(get, path = "/v2/sessions/{id}/recording", tag = "desktop",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The parts, oldest first.", body = RecordingList)))]
async fn list_recording(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
) -> ApiResult<Json<RecordingList>> {
    app.engine.session(&caller.principal, id).await?;
    let recordings = app.recordings.clone();
    let segments = off_thread(move || recordings.list(id)).await??;
    let dropped = segments.first().map_or(0, |first| first.number - 1);
    let item = |Segment { number, from, to, bytes }| RecordedSegment { number, from, to, bytes };
    Ok(Json(RecordingList { items: segments.into_iter().map(item).collect(), dropped }))
}

/// Downloads a part of a recording.
///
/// It is `HOLTREC1`, the time of its start (64 bit, in Unix milliseconds), and then pieces: length (32 bit), CRC-32C of what follows,
/// milliseconds after the start (32 bit), bytes; all big-endian. The first piece is the `ServerInit` of RFB, the second an update with
/// the whole picture, the others updates as they came, for a viewer whose pixels have 32 bits with red in the lowest byte.
#[utoipa::path(get, path = "/v2/sessions/{id}/recording/{segment}", tag = "desktop",
    params(("id" = SessionId, Path, description = "The session."), ("segment" = u64, Path, description = "The number of the part.")),
    responses((status = 200, description = "The bytes.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part that was asked for.", content_type = "application/octet-stream", body = Vec<u8>)))]
async fn download_segment(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    SegmentParam(segment): SegmentParam,
    headers: HeaderMap,
) -> ApiResult<Response> {
    app.engine.session(&caller.principal, id).await?;
    let recordings = app.recordings.clone();
    let open = off_thread(move || recordings.open(id, segment)).await??;
    Download { open, name: format!("recording-{segment}.holtrec"), inline: false }.answer(&headers, &caller)
}

/// Begins to record a session's desktop, or stops. What was recorded stays with the session.
///
/// Only what changes is kept, and only while the desktop runs; recording starts no desktop and keeps none awake. While a person
/// drives nothing is kept, unless `while_driven` says so, which only whoever drives can, until they
/// give the desktop back.
#[utoipa::path(post, path = "/v2/sessions/{id}/recording", tag = "desktop",
    params(("id" = SessionId, Path, description = "The session.")), request_body = RecordRequest,
    responses((status = 200, description = "The session; `recording` says whether it is recorded.", body = Snapshot)))]
async fn record(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBody(request): JsonBody<RecordRequest>,
) -> ApiResult<Json<Snapshot>> {
    let on = request.action == RecordAction::Start;
    Ok(Json(app.engine.record(&caller.principal, id, on, request.while_driven).await?))
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::View, routes!(list_recording)),
        Declared::needs(Scope::View, routes!(download_segment)),
        Declared::needs(Scope::Operate, routes!(record)),
    ]
}
