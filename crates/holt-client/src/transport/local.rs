//! The private socket of a data directory. Whoever may connect to it is the owner of the data, so no key is sent.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio_util::task::AbortOnDropHandle;

use super::{Answer, Body, Request, Upgraded};
use crate::error::ClientError;

/// The name of the socket in a data directory.
const SOCKET: &str = "holt.sock";
/// The longest path that fits a Unix socket's address, with its closing zero.
const LONGEST_ADDRESS: usize = 107;

#[derive(Debug, Clone)]
pub(crate) struct Local {
    socket: Arc<PathBuf>,
}

type HyperBody = UnsyncBoxBody<Bytes, io::Error>;

impl Local {
    pub fn new(data_dir: &FilePath) -> Self {
        Self { socket: Arc::new(data_dir.join(SOCKET)) }
    }

    pub fn place(&self) -> String {
        self.socket.display().to_string()
    }

    /// Who listens, from the kernel.
    pub async fn peer_process(&self) -> Result<Option<i32>, ClientError> {
        let stream = self.connect().await.map_err(|error| self.unreachable(&error))?;
        Ok(stream.peer_cred().map_err(|error| self.unreachable(&error))?.pid())
    }

    /// One connection for each request: on one machine that costs less than keeping them in order.
    pub async fn send(&self, request: Request) -> Result<Answer, ClientError> {
        let stream = self.connect().await.map_err(|error| self.unreachable(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| self.unreachable(&error))?;
        let connection = AbortOnDropHandle::new(tokio::spawn(connection));
        let request = into_hyper(request).map_err(|error| self.unreachable(&error))?;
        let answer = sender.send_request(request).await.map_err(|error| self.unreachable(&error))?;
        let (head, body) = answer.into_parts();
        // The connection lives as long as somebody reads the body.
        let body = body.into_data_stream().map(move |chunk| {
            let _open = (&connection, &sender);
            chunk.map_err(|error| ClientError::BrokeOff(reasons(&error)))
        });
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: body.boxed() })
    }

    pub async fn upgrade(&self, request: Request) -> Result<Box<dyn Upgraded>, ClientError> {
        let stream = self.connect().await.map_err(|error| self.unreachable(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| self.unreachable(&error))?;
        // It ends by itself: with the upgrade, with a refusal that was read, or with the server.
        let connection = tokio::spawn(connection.with_upgrades());
        let request = into_hyper(request).map_err(|error| self.unreachable(&error))?;
        let answer = sender.send_request(request).await.map_err(|error| self.unreachable(&error))?;
        if answer.status() == hyper::StatusCode::SWITCHING_PROTOCOLS {
            let upgraded = hyper::upgrade::on(answer).await.map_err(|error| self.unreachable(&error))?;
            return Ok(Box::new(TokioIo::new(upgraded)));
        }
        let (head, body) = answer.into_parts();
        let _open = (AbortOnDropHandle::new(connection), sender);
        let body = body.into_data_stream().map(|chunk| chunk.map_err(|error| ClientError::BrokeOff(reasons(&error))));
        Answer { status: head.status.as_u16(), headers: head.headers, body: body.boxed() }.refusal().await
    }

    async fn connect(&self) -> io::Result<UnixStream> {
        if self.socket.as_os_str().len() <= LONGEST_ADDRESS {
            return UnixStream::connect(&*self.socket).await;
        }
        // A long path does not fit an address; the directory's descriptor gives it a short one.
        let directory = File::open(self.socket.parent().unwrap_or(FilePath::new("/")))?;
        UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd())).await
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> ClientError {
        ClientError::Unreachable { at: self.place(), why: reasons(error) }
    }
}

fn into_hyper(request: Request) -> Result<hyper::Request<HyperBody>, hyper::http::Error> {
    let mut builder = hyper::Request::builder().method(request.method).uri(request.path.as_str()).header("host", "localhost");
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    match request.body {
        Body::Empty => builder.body(Empty::new().map_err(|never| match never {}).boxed_unsync()),
        Body::Json(json) => builder
            .header("content-type", "application/json")
            .body(Full::from(json).map_err(|never| match never {}).boxed_unsync()),
        Body::Stream(stream, length) => {
            if let Some(length) = length {
                builder = builder.header("content-length", length);
            }
            builder.body(BodyExt::boxed_unsync(StreamBody::new(stream.map_ok(Frame::data))))
        }
    }
}

/// An error with what caused it, in one line.
pub(super) fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
