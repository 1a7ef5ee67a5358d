//! Bytes of files on their way in and out, never whole in memory and never on the threads that serve.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt as _};
use holt_core::workspace::{FileError, Incoming, OpenFile};
use holt_engine::SessionFiles;

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::http::conditional::{has_already, weak_etag};
use crate::http::disposition::{Kind, attachment_type, disposition, inline_type};
use crate::http::headers::FILE_POLICY;
use crate::http::range::{Wanted, wanted};
use crate::state::App;

/// How much is read or written at once.
const PIECE: usize = 256 * 1024;

/// A file on its way in.
pub(crate) struct Receiver {
    incoming: Option<Box<dyn Incoming>>,
    waiting: BytesMut,
}

impl Receiver {
    pub async fn begin(files: &SessionFiles, path: String, limit: u64) -> ApiResult<Self> {
        Ok(Self { incoming: Some(files.receive(path, limit).await?), waiting: BytesMut::new() })
    }

    pub async fn write(&mut self, chunk: Bytes) -> ApiResult<()> {
        self.waiting.extend_from_slice(&chunk);
        if self.waiting.len() < PIECE { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> ApiResult<()> {
        let piece = self.waiting.split();
        let mut incoming = self.take()?;
        let written = off_thread(move || incoming.write_all(&piece).map(|()| incoming).map_err(write_error)).await?;
        self.incoming = Some(written?);
        Ok(())
    }

    /// Shows the file under its name. Until then there is none.
    pub async fn commit(mut self) -> ApiResult<u64> {
        self.flush().await?;
        let incoming = self.take()?;
        Ok(off_thread(move || incoming.commit()).await??)
    }

    fn take(&mut self) -> ApiResult<Box<dyn Incoming>> {
        self.incoming.take().ok_or_else(|| ApiError::internal("the file was given up before"))
    }
}

/// Implementations tell what they refuse inside of an I/O error.
fn write_error(error: std::io::Error) -> FileError {
    match error.downcast::<FileError>() {
        Ok(said) => said,
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => FileError::NoSpace,
        Err(error) => FileError::Io(error),
    }
}

/// Does what may block where nobody is held up by it.
pub(crate) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::from(holt_engine::EngineError::ShuttingDown))
}

/// Waits for the next piece of a body, but not for ever.
pub(super) async fn chunk_in_time<T>(app: &App, next: impl Future<Output = T>) -> ApiResult<T> {
    let waited = tokio::time::timeout(app.timing.stall, next).await;
    waited.map_err(|_| ApiError::of_status(StatusCode::REQUEST_TIMEOUT))
}

/// A file on its way out.
pub(super) struct Download {
    pub open: OpenFile,
    /// What names it: for the media type and for saving.
    pub name: String,
    /// Show it in place, if it is of a kind that is harmless.
    pub inline: bool,
}

impl Download {
    pub fn answer(self, headers: &HeaderMap, caller: &Caller) -> ApiResult<Response> {
        let data = self.open.file.metadata().map_err(FileError::Io)?;
        // What was whole when it was opened: somebody may be appending to it.
        let size = data.size().min(self.open.size);
        let modified = data.mtime().cast_unsigned().wrapping_mul(1_000_000_000).wrapping_add(data.mtime_nsec().cast_unsigned());
        let etag = weak_etag(&[size, modified, data.ino()]);
        if has_already(headers, &etag) {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            response.headers_mut().insert(header::ETAG, etag);
            return Ok(response);
        }
        let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
        // A tag that is weak proves nothing for a part: with a condition, the whole is sent.
        let range = range.filter(|_| !headers.contains_key(header::IF_RANGE));
        let (status, part) = match wanted(range, size) {
            Wanted::Whole => (StatusCode::OK, 0..size),
            Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
            Wanted::Nothing => return Err(no_such_part(size)),
        };
        let mut response = (status, send(self.open.file, part.clone(), caller)).into_response();
        let out = response.headers_mut();
        out.insert(header::ETAG, etag);
        out.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
        if status == StatusCode::PARTIAL_CONTENT {
            out.insert(header::CONTENT_RANGE, content_range(Some(part), size));
        }
        describe(out, &self.name, self.inline);
        Ok(response)
    }
}

fn describe(out: &mut HeaderMap, name: &str, inline: bool) {
    let shown = inline_type(name).filter(|_| inline);
    let media_type = shown.map_or_else(|| attachment_type(name), str::to_owned);
    let kind = if shown.is_some() { Kind::Inline } else { Kind::Attachment };
    out.insert(header::CONTENT_TYPE, HeaderValue::from_str(&media_type).unwrap_or(OCTETS));
    out.insert(header::CONTENT_DISPOSITION, disposition(kind, name));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_SECURITY_POLICY, FILE_POLICY);
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

fn content_range(part: Option<Range<u64>>, size: u64) -> HeaderValue {
    let text = part.map_or_else(|| format!("bytes */{size}"), |part| format!("bytes {}-{}/{size}", part.start, part.end - 1));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("bytes */*"))
}

fn no_such_part(size: u64) -> ApiError {
    let message = format!("the file has {size} bytes and not the part that was asked for");
    ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "no_such_range", message, "Ask for the whole, or for a part within it.")
        .with(header::CONTENT_RANGE, content_range(None, size))
}

/// The part of the file, until the caller's key opens nothing any more. A file that shrinks meanwhile ends the
/// connection, so that nobody takes the piece for the whole.
fn send(file: File, part: Range<u64>, caller: &Caller) -> Body {
    let pieces = stream::unfold(Some((file, part)), |state| async move {
        let (file, part) = state.filter(|(_, part)| part.start < part.end)?;
        let read = tokio::task::spawn_blocking(move || read_piece(file, part)).await;
        match read.unwrap_or_else(|_| Err(std::io::Error::other("the server is ending"))) {
            Ok((piece, state)) => Some((Ok(piece), Some(state))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Body::from_stream(pieces.take_until(Box::pin(caller.revoked())))
}

fn read_piece(mut file: File, part: Range<u64>) -> std::io::Result<(Bytes, (File, Range<u64>))> {
    let length = usize::try_from(part.end - part.start).unwrap_or(PIECE).min(PIECE);
    let mut piece = vec![0; length];
    file.seek(SeekFrom::Start(part.start))?;
    file.read_exact(&mut piece)?;
    let next = part.start + length as u64..part.end;
    Ok((Bytes::from(piece), (file, next)))
}
