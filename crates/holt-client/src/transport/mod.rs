//! How a request gets to a server: through a Unix socket on this machine, or by HTTP to an address.

mod answer;
mod local;
mod remote;

use std::fmt::Debug;

use bytes::Bytes;
use futures::stream::BoxStream;
pub(crate) use hyper::Method;

pub(crate) use answer::Answer;
pub(crate) use local::Local;
pub use remote::Remote;
pub(crate) use remote::RemoteServer;

use crate::error::ClientError;
use crate::path::Path;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection that speaks something else than HTTP by now.
pub(crate) trait Upgraded: AsyncRead + AsyncWrite + Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Upgraded for T {}

/// One request.
pub(crate) struct Request {
    pub method: Method,
    pub path: Path,
    /// Header names are part of this program's text, never input.
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
}

impl Request {
    pub fn new(method: Method, path: Path) -> Self {
        Self { method, path, headers: Vec::new(), body: Body::Empty }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What a request carries.
pub(crate) enum Body {
    Empty,
    Json(Vec<u8>),
    /// Bytes as they come, and how many there will be when that is known.
    Stream(BoxStream<'static, std::io::Result<Bytes>>, Option<u64>),
}

#[derive(Debug, Clone)]
pub(crate) enum Transport {
    Local(Local),
    Remote(RemoteServer),
}

impl Transport {
    pub async fn send(&self, request: Request) -> Result<Answer, ClientError> {
        match self {
            Self::Local(local) => local.send(request).await,
            Self::Remote(remote) => remote.send(request).await,
        }
    }

    /// The connection, once the server has agreed to speak another protocol on it.
    pub async fn upgrade(&self, request: Request) -> Result<Box<dyn Upgraded>, ClientError> {
        match self {
            Self::Local(local) => local.upgrade(request).await,
            Self::Remote(remote) => remote.upgrade(request).await,
        }
    }

    pub fn place(&self) -> String {
        match self {
            Self::Local(local) => local.place(),
            Self::Remote(remote) => remote.place(),
        }
    }
}
