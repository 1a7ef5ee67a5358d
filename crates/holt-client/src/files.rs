//! Files of a session, up and down, as streams: no file is ever held whole.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use holt_core::id::{ArtifactId, SessionId};
use holt_core::snapshot::Changes;
use holt_core::view::Snapshot;
use holt_core::workspace::Listing;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_util::io::ReaderStream;

use crate::client::{Client, MAX_ANSWER_BYTES};
use crate::error::ClientError;
use crate::path::Path;
use crate::transport::{Answer, Body, Method, Request};
use holt_api::{ArtifactList, CreateDirectory, FileDiff, RestoreRequest, SnapshotList};

/// How long a transfer may stand still.
const STANDSTILL: Duration = Duration::from_secs(60);
/// How much is read from a file at once.
const PIECE: usize = 64 * 1024;

/// A file on its way here.
pub struct Download {
    /// How large it is, when the server knows: an archive is made as it is sent.
    pub size: Option<u64>,
    pub media_type: Option<String>,
    body: BoxStream<'static, Result<Bytes, ClientError>>,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").field("size", &self.size).field("media_type", &self.media_type).finish_non_exhaustive()
    }
}

impl From<Answer> for Download {
    fn from(answer: Answer) -> Self {
        let size = answer.header("content-length").and_then(|length| length.parse().ok());
        let media_type = answer.header("content-type").map(str::to_owned);
        Self { size, media_type, body: answer.body }
    }
}

impl Download {
    /// The next piece; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        let late = |_| ClientError::BrokeOff(format!("nothing came for {} seconds", STANDSTILL.as_secs()));
        timeout(STANDSTILL, self.body.next()).await.map_err(late)?.transpose()
    }

    /// Writes it out. Returns how many bytes it was; fewer than were announced are an error.
    pub async fn copy_to(mut self, to: &mut (dyn AsyncWrite + Unpin + Send), on_piece: impl Fn(u64)) -> Result<u64, ClientError> {
        let mut copied = 0;
        while let Some(piece) = self.next().await? {
            to.write_all(&piece).await.map_err(|error| ClientError::BrokeOff(error.to_string()))?;
            copied += piece.len() as u64;
            on_piece(copied);
        }
        to.flush().await.map_err(|error| ClientError::BrokeOff(error.to_string()))?;
        match self.size {
            Some(size) if size != copied => Err(ClientError::BrokeOff(format!("{copied} of {size} bytes came"))),
            _ => Ok(copied),
        }
    }
}

fn files(session: SessionId) -> Path {
    Path::new("/v2/sessions").id(session).segment("files")
}

impl Client {
    pub async fn files(&self, session: SessionId, path: &str) -> Result<Listing, ClientError> {
        self.get(files(session).query("path", path)).await
    }

    pub async fn download(&self, session: SessionId, path: &str) -> Result<Download, ClientError> {
        self.fetch(files(session).segments(path)).await
    }

    /// A directory as a zip, the whole workspace with an empty path.
    pub async fn archive(&self, session: SessionId, path: &str) -> Result<Download, ClientError> {
        self.fetch(Path::new("/v2/sessions").id(session).segment("archive").query("path", path)).await
    }

    pub async fn artifacts(&self, session: SessionId) -> Result<ArtifactList, ClientError> {
        self.get(Path::new("/v2/sessions").id(session).segment("artifacts")).await
    }

    pub async fn artifact(&self, session: SessionId, artifact: ArtifactId) -> Result<Download, ClientError> {
        self.fetch(Path::new("/v2/sessions").id(session).segment("artifacts").id(artifact)).await
    }

    /// How files differ between two snapshots.
    pub async fn changes(&self, session: SessionId, since: &str, snapshot: &str) -> Result<Changes, ClientError> {
        let of = Path::new("/v2/sessions").id(session).segment("snapshots").segment(snapshot);
        self.get(of.segment("changes").query("since", since)).await
    }

    /// How a file differs between two snapshots, line by line.
    pub async fn file_diff(&self, session: SessionId, since: &str, snapshot: &str, path: &str) -> Result<FileDiff, ClientError> {
        let of = Path::new("/v2/sessions").id(session).segment("snapshots").segment(snapshot);
        self.get(of.segment("diff").query("since", since).query("path", path)).await
    }

    /// The snapshots of a session's workspace, newest first.
    pub async fn snapshots(&self, session: SessionId, before: Option<u64>) -> Result<SnapshotList, ClientError> {
        self.get(Path::new("/v2/sessions").id(session).segment("snapshots").query_if("before", before)).await
    }

    /// Makes the workspace what it was, or one file of it.
    pub async fn restore(&self, session: SessionId, request: &RestoreRequest) -> Result<Snapshot, ClientError> {
        self.post(Path::new("/v2/sessions").id(session).segment("restore"), request).await
    }

    async fn fetch(&self, path: Path) -> Result<Download, ClientError> {
        let late = |_| ClientError::TimedOut { at: self.place(), seconds: STANDSTILL.as_secs() };
        timeout(STANDSTILL, self.open(Request::new(Method::GET, path))).await.map_err(late)?.map(Download::from)
    }

    /// Puts a file into the workspace.
    pub async fn upload(
        &self,
        session: SessionId,
        path: &str,
        from: impl AsyncRead + Send + 'static,
        size: Option<u64>,
        on_piece: impl Fn(u64) + Send + 'static,
    ) -> Result<(), ClientError> {
        let mut sent = 0;
        let pieces = ReaderStream::with_capacity(from, PIECE).map(move |piece: io::Result<Bytes>| {
            sent += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            on_piece(sent);
            piece
        });
        let request = Request {
            body: Body::Stream(pieces.boxed(), size),
            ..Request::new(Method::PUT, files(session).segments(path)).header("content-type", "application/octet-stream")
        };
        self.open(request).await?.read_whole(MAX_ANSWER_BYTES).await.map(drop)
    }

    pub async fn remove_file(&self, session: SessionId, path: &str) -> Result<(), ClientError> {
        self.delete(files(session).segments(path)).await
    }

    pub async fn create_directory(&self, session: SessionId, path: &str) -> Result<(), ClientError> {
        let body = self.json(&CreateDirectory { path: path.to_owned() })?;
        let to = Path::new("/v2/sessions").id(session).segment("directories");
        self.ask_whole(Request { body, ..Request::new(Method::POST, to) }).await.map(drop)
    }
}
