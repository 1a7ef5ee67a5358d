//! Files of a session's workspace, one at a time.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use futures::StreamExt as _;
use holt_api::{CreateDirectory, Listing, ReceivedFile, Scope, SessionId, bounds};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::transfer::{Download, Receiver, chunk_in_time};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::http::body::JsonBody;
use crate::http::params::{FileParam, Query, SessionParam};
use crate::router::Declared;
use crate::state::App;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PathQuery {
    /// A directory of the workspace; its top when absent.
    pub path: String,
}

/// Lists a directory of the workspace.
#[utoipa::path(get, path = "/v2/sessions/{id}/files", tag = "files",
    params(("id" = SessionId, Path, description = "The session."), PathQuery),
    responses((status = 200, description = "What stands in it: directories first, then by name.", body = Listing)))]
async fn list_files(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    Query(query): Query<PathQuery>,
) -> ApiResult<Json<Listing>> {
    bounds::check_path_or_top(&query.path)?;
    let files = app.engine.files(&caller.principal, id).await?;
    Ok(Json(files.list(query.path).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReadQuery {
    /// Show it in place rather than save it: pictures and text only.
    inline: bool,
}

/// Reads a file of the workspace.
///
/// Parts can be had with `Range`. It comes as something to save, unless `inline` is asked for and its kind is harmless.
#[utoipa::path(get, path = "/v2/sessions/{id}/files/{*path}", tag = "files",
    params(("id" = SessionId, Path, description = "The session."),
        ("path" = String, Path, description = "The file's path from the workspace's top."), ReadQuery),
    responses((status = 200, description = "The bytes.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part that was asked for.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "The client has it already.")))]
async fn read_file(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    FileParam(path): FileParam,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let files = app.engine.files(&caller.principal, id).await?;
    let open = files.open(path.clone()).await?;
    Download { open, name: path, inline: query.inline }.answer(&headers, &caller)
}

/// Puts a file into the workspace, replacing one of that name; directories above it are made.
#[utoipa::path(put, path = "/v2/sessions/{id}/files/{*path}", tag = "files",
    params(("id" = SessionId, Path, description = "The session."),
        ("path" = String, Path, description = "The file's path from the workspace's top.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The bytes."),
    responses((status = 201, description = "It is there.", body = ReceivedFile)))]
async fn write_file(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    FileParam(path): FileParam,
    headers: HeaderMap,
    body: Body,
) -> ApiResult<(StatusCode, Json<ReceivedFile>)> {
    let limit = app.limits.upload_bytes;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(holt_core::workspace::FileError::TooLarge { what: path, limit }.into());
    }
    let files = app.engine.files_to_change(&caller.principal, id).await?;
    let mut receiver = Receiver::begin(&files, path.clone(), limit).await?;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = chunk_in_time(&app, pieces.next()).await? {
        receiver.write(piece.map_err(|_| ended_early())?).await?;
    }
    let size = receiver.commit().await?;
    app.engine.file_received(&caller.principal, id, path.clone(), size).await?;
    Ok((StatusCode::CREATED, Json(ReceivedFile { path, size })))
}

fn ended_early() -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "body_broken", "the file ended early and was not stored", "Send it again.")
}

/// Removes a file, a link or a whole directory.
#[utoipa::path(delete, path = "/v2/sessions/{id}/files/{*path}", tag = "files",
    params(("id" = SessionId, Path, description = "The session."),
        ("path" = String, Path, description = "Its path from the workspace's top.")),
    responses((status = 204, description = "It is gone.")))]
async fn remove_file(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    FileParam(path): FileParam,
) -> ApiResult<StatusCode> {
    app.engine.files_to_change(&caller.principal, id).await?.remove(path).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a directory, and those above it.
#[utoipa::path(post, path = "/v2/sessions/{id}/directories", tag = "files",
    params(("id" = SessionId, Path, description = "The session.")), request_body = CreateDirectory,
    responses((status = 201, description = "It is there.", body = CreateDirectory)))]
async fn create_directory(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBody(request): JsonBody<CreateDirectory>,
) -> ApiResult<(StatusCode, Json<CreateDirectory>)> {
    bounds::check_path(&request.path)?;
    app.engine.files_to_change(&caller.principal, id).await?.create_directory(request.path.clone()).await?;
    Ok((StatusCode::CREATED, Json(request)))
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::View, routes!(list_files)),
        Declared::needs(Scope::View, routes!(read_file)),
        Declared::needs(Scope::Operate, routes!(write_file)).unhurried(),
        Declared::needs(Scope::Operate, routes!(remove_file)),
        Declared::needs(Scope::Operate, routes!(create_directory)),
    ]
}
