//! The workspace, or a directory of it, as one archive that is packed while it is sent.

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use holt_api::{Scope, SessionId, bounds};
use holt_core::workspace::{FileError, Files, Incoming, Listing, OpenFile};
use tokio::sync::mpsc;
use utoipa_axum::routes;

use super::files::PathQuery;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::http::disposition::{Kind, disposition};
use crate::http::headers::FILE_POLICY;
use crate::http::params::{Query, SessionParam};
use crate::router::Declared;
use crate::state::App;

/// Pieces that are packed ahead of the client.
const AHEAD: usize = 4;
const PIECE: usize = 64 * 1024;

/// Downloads the workspace, or a directory of it, as a zip archive.
#[utoipa::path(get, path = "/v2/sessions/{id}/archive", tag = "files",
    params(("id" = SessionId, Path, description = "The session."), PathQuery),
    responses((status = 200, description = "The archive.", content_type = "application/zip", body = Vec<u8>)))]
async fn download_archive(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    Query(query): Query<PathQuery>,
) -> ApiResult<Response> {
    bounds::check_path_or_top(&query.path)?;
    let session = app.engine.session(&caller.principal, id).await?;
    let files = app.engine.files(&caller.principal, id).await?;
    // What cannot be listed cannot be packed: said here, where it still can be said.
    files.list(query.path.clone()).await?;
    let Ok(place) = app.archives.clone().try_acquire_owned() else { return Err(too_many()) };
    let name = archive_name(&session.title, &query.path);
    let beneath = Arc::new(Beneath { files: files.inner(), top: query.path });
    let (sender, receiver) = mpsc::channel(AHEAD);
    let archiver = app.archiver.clone();
    // It ends when the client is gone: then nobody takes the pieces.
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut out = Outgoing { sender, piece: Vec::with_capacity(PIECE) };
        let packed = archiver(beneath, &mut out).and_then(|()| out.flush().map_err(FileError::Io));
        if let Err(error) = packed {
            tracing::debug!(%error, "an archive was not packed whole");
            out.fail();
        }
    });
    let pieces = stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|piece| (piece, receiver)) });
    let body = Body::from_stream(pieces.take_until(Box::pin(caller.over(&app))));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_DISPOSITION, disposition(Kind::Attachment, &name));
    headers.insert(header::CONTENT_SECURITY_POLICY, FILE_POLICY);
    Ok(response)
}

fn too_many() -> ApiError {
    let message = "too many archives are being packed";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_archives", message, "Try again when one of them is done.")
        .retry_after(5)
}

fn archive_name(title: &str, path: &str) -> String {
    let directory = path.rsplit('/').next().unwrap_or_default();
    let name = if directory.is_empty() { title.trim() } else { directory };
    let name = if name.is_empty() { "workspace" } else { name };
    format!("{}.zip", name.replace('/', "_"))
}

/// What is packed, in pieces to the client.
struct Outgoing {
    sender: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Outgoing {
    /// Ends the connection, so that nobody takes a part of the archive for the whole.
    fn fail(&self) {
        let _ = self.sender.blocking_send(Err(io::Error::other("the archive was not packed whole")));
    }
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.sender.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// The files beneath one directory, as if it were the top. For reading.
struct Beneath {
    files: Arc<dyn Files>,
    top: String,
}

impl Beneath {
    fn full(&self, path: &str) -> String {
        match (self.top.as_str(), path) {
            ("", path) => path.to_owned(),
            (top, "") => top.to_owned(),
            (top, path) => format!("{top}/{path}"),
        }
    }

    fn seen_from_top(&self, mut listing: Listing) -> Listing {
        if !self.top.is_empty() {
            for entry in &mut listing.entries {
                let inner = entry.path.strip_prefix(&self.top).and_then(|rest| rest.strip_prefix('/'));
                entry.path = inner.unwrap_or(&entry.name).to_owned();
            }
        }
        listing
    }

    fn read_only<T>(&self, path: &str) -> Result<T, FileError> {
        Err(FileError::BadPath(self.full(path)))
    }
}

impl Files for Beneath {
    fn list(&self, path: &str) -> Result<Listing, FileError> {
        self.files.list(&self.full(path)).map(|listing| self.seen_from_top(listing))
    }

    fn walk(&self, path: &str, limit: usize) -> Result<Listing, FileError> {
        self.files.walk(&self.full(path), limit).map(|listing| self.seen_from_top(listing))
    }

    fn open(&self, path: &str) -> Result<OpenFile, FileError> {
        self.files.open(&self.full(path))
    }

    fn receive(&self, path: &str, _: u64) -> Result<Box<dyn Incoming>, FileError> {
        self.read_only(path)
    }

    fn create_directory(&self, path: &str) -> Result<(), FileError> {
        self.read_only(path)
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        self.read_only(path)
    }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(download_archive))]
}
