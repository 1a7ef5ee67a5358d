//! What stood in a session's workspace: listed, compared, and had again.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use holt_api::{Changes, RestoreRequest, Scope, SessionId, Snapshot, SnapshotList, TakenSnapshot, bounds};
use holt_core::snapshot::NOTHING;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::transfer::Download;
use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::body::JsonBody;
use crate::http::params::{Query, SessionParam, SnapshotParam};
use crate::router::Declared;
use crate::state::App;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only those that were taken before this event.
    before: Option<u64>,
}

/// Lists the snapshots of a session's workspace, newest first.
///
/// One is taken before anything of a step writes, and when a run is over, where something changed since the one before. The oldest
/// are forgotten when they are many or large. Directories of the user's own have none.
#[utoipa::path(get, path = "/v2/sessions/{id}/snapshots", tag = "files",
    params(("id" = SessionId, Path, description = "The session."), ListQuery),
    responses((status = 200, description = "The snapshots, and where to go on.", body = SnapshotList)))]
async fn list_snapshots(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<SnapshotList>> {
    let (kept, next) = app.engine.snapshots(&caller.principal, id, query.before).await?;
    let items = kept.into_iter().map(|kept| TakenSnapshot { seq: kept.seq, at: kept.at, snapshot: kept.snapshot });
    Ok(Json(SnapshotList { items: items.collect(), next }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangesQuery {
    /// The snapshot to compare with; absent: with nothing.
    since: Option<String>,
}

/// Says how the files of a snapshot differ from those of another.
#[utoipa::path(get, path = "/v2/sessions/{id}/snapshots/{snapshot}/changes", tag = "files",
    params(("id" = SessionId, Path, description = "The session."), ("snapshot" = String, Path, description = "The snapshot."), ChangesQuery),
    responses((status = 200, description = "What was added, changed and removed, by path.", body = Changes)))]
async fn list_changes(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    SnapshotParam(snapshot): SnapshotParam,
    Query(query): Query<ChangesQuery>,
) -> ApiResult<Json<Changes>> {
    let since = query.since.unwrap_or_else(|| NOTHING.to_owned());
    Ok(Json(app.engine.changes(&caller.principal, id, since, snapshot).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FileQuery {
    /// The file's path from the workspace's top.
    path: String,
    /// Show it in place rather than save it: pictures and text only.
    #[serde(default)]
    inline: bool,
}

/// Reads a file as it was.
#[utoipa::path(get, path = "/v2/sessions/{id}/snapshots/{snapshot}/file", tag = "files",
    params(("id" = SessionId, Path, description = "The session."), ("snapshot" = String, Path, description = "The snapshot."), FileQuery),
    responses((status = 200, description = "The bytes.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part that was asked for.", content_type = "application/octet-stream", body = Vec<u8>)))]
async fn read_snapshot_file(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    SnapshotParam(snapshot): SnapshotParam,
    Query(query): Query<FileQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    bounds::check_path(&query.path)?;
    let open = app.engine.file_of(&caller.principal, id, snapshot, query.path.clone()).await?;
    Download { open, name: query.path, inline: query.inline }.answer(&headers, &caller)
}

/// Makes the workspace what it was in a snapshot, or one file of it.
///
/// What stands there now is kept before, so that this can be undone as well. To undo the last run, restore the session's `before_run`.
/// Nothing is restored while a run is under way.
#[utoipa::path(post, path = "/v2/sessions/{id}/restore", tag = "files",
    params(("id" = SessionId, Path, description = "The session.")), request_body = RestoreRequest,
    responses((status = 200, description = "The session afterwards.", body = Snapshot)))]
async fn restore(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBody(request): JsonBody<RestoreRequest>,
) -> ApiResult<Json<Snapshot>> {
    if let Some(path) = &request.path {
        bounds::check_path(path)?;
    }
    Ok(Json(app.engine.restore(&caller.principal, id, request.snapshot, request.path).await?))
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::View, routes!(list_snapshots)),
        Declared::needs(Scope::View, routes!(list_changes)),
        Declared::needs(Scope::View, routes!(read_snapshot_file)),
        Declared::needs(Scope::Operate, routes!(restore)),
    ]
}
