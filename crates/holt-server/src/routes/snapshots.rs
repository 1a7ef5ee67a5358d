//! What stood in a session's workspace: listed, compared, and had again.

use std::io::Read as _;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use holt_api::{Changes, FileDiff, NotShown, RestoreRequest, Scope, SessionId, Snapshot, SnapshotList, TakenSnapshot, bounds};
use holt_core::diff::diff;
use holt_core::snapshot::NOTHING;
use holt_core::workspace::{FileError, OpenFile};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::off_thread;
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
struct DiffQuery {
    /// The file's path from the workspace's top.
    path: String,
    /// The snapshot to compare with; absent: with nothing.
    since: Option<String>,
}

/// The largest file that is compared line by line.
const MOST_COMPARED: u64 = 512 * 1024;

/// Says line by line how a file of a snapshot differs from that of another.
///
/// A file that is in one of them only has come, or gone.
#[utoipa::path(get, path = "/v2/sessions/{id}/snapshots/{snapshot}/diff", tag = "files",
    params(("id" = SessionId, Path, description = "The session."), ("snapshot" = String, Path, description = "The snapshot."), DiffQuery),
    responses((status = 200, description = "What changed, with what stands around it.", body = FileDiff)))]
async fn diff_file(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    SnapshotParam(snapshot): SnapshotParam,
    Query(query): Query<DiffQuery>,
) -> ApiResult<Json<FileDiff>> {
    bounds::check_path(&query.path)?;
    let since = query.since.unwrap_or_else(|| NOTHING.to_owned());
    let (before, after) = app.engine.versions_of(&caller.principal, id, (since, snapshot), query.path.clone()).await?;
    let compared = off_thread(move || compare(query.path, before, after)).await?;
    Ok(Json(compared?))
}

fn compare(path: String, before: Option<OpenFile>, after: Option<OpenFile>) -> Result<FileDiff, FileError> {
    let not_shown = |why| FileDiff { path: path.clone(), not_shown: Some(why), hunks: Vec::new() };
    if before.iter().chain(&after).any(|open| open.size > MOST_COMPARED) {
        return Ok(not_shown(NotShown::TooLarge));
    }
    let text = |open: Option<OpenFile>| -> Result<Option<String>, FileError> {
        let mut bytes = Vec::new();
        if let Some(open) = open {
            open.file.take(MOST_COMPARED).read_to_end(&mut bytes)?;
        }
        Ok(String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')))
    };
    Ok(match (text(before)?, text(after)?) {
        (Some(before), Some(after)) => FileDiff { path, not_shown: None, hunks: diff(&before, &after) },
        _ => not_shown(NotShown::Binary),
    })
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
        Declared::needs(Scope::View, routes!(diff_file)),
        Declared::needs(Scope::View, routes!(read_snapshot_file)),
        Declared::needs(Scope::Operate, routes!(restore)),
    ]
}
