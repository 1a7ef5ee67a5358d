//! The handle that everything hangs on: where the server is, and one request to it.

use std::path::Path as FilePath;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ClientError;
use crate::path::Path;
use crate::transport::{Answer, Body, Local, Method, Request, Transport, Upgraded};

pub use crate::transport::Remote;

/// The most bytes of an answer that is read whole: a page of events with the largest that there may be, and room.
pub(crate) const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// How long a server may take for an answer that is not a stream.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A server, as one caller sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
}

impl Client {
    /// The server of a data directory on this machine, over its private socket. Nothing is connected yet.
    pub fn local(data_dir: impl AsRef<FilePath>) -> Self {
        Self { transport: Transport::Local(Local::new(data_dir.as_ref())) }
    }

    /// A server at an address, with a key.
    pub fn remote(remote: &Remote) -> Result<Self, ClientError> {
        Ok(Self { transport: remote.connect()? })
    }

    /// Where it is, for people.
    pub fn place(&self) -> String {
        self.transport.place()
    }

    /// The process that listens on the private socket. Nothing for a server elsewhere.
    pub async fn server_process(&self) -> Result<Option<i32>, ClientError> {
        match &self.transport {
            Transport::Local(local) => local.peer_process().await,
            Transport::Remote(_) => Ok(None),
        }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: Path) -> Result<T, ClientError> {
        self.ask(Request::new(Method::GET, path)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: Path, body: &impl Serialize) -> Result<T, ClientError> {
        let request = Request { body: self.json(body)?, ..Request::new(Method::POST, path) };
        self.ask(request).await
    }

    pub(crate) async fn delete(&self, path: Path) -> Result<(), ClientError> {
        self.ask_whole(Request::new(Method::DELETE, path)).await.map(drop)
    }

    pub(crate) fn json(&self, body: &impl Serialize) -> Result<Body, ClientError> {
        serde_json::to_vec(body).map(Body::Json).map_err(|error| self.malformed(&error))
    }

    /// Sends a request and reads its answer whole.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, ClientError> {
        let bytes = self.ask_whole(request).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.malformed(&error))
    }

    pub(crate) async fn ask_whole(&self, request: Request) -> Result<Vec<u8>, ClientError> {
        let whole = async { self.open(request).await?.read_whole(MAX_ANSWER_BYTES).await };
        let late = |_| ClientError::TimedOut { at: self.place(), seconds: ANSWER_WITHIN.as_secs() };
        tokio::time::timeout(ANSWER_WITHIN, whole).await.map_err(late)?
    }

    /// The same, for what the server itself bounds in time.
    pub(crate) async fn ask_unhurried(&self, request: Request) -> Result<Vec<u8>, ClientError> {
        self.open(request).await?.read_whole(MAX_ANSWER_BYTES).await
    }

    /// Sends a request that has nothing to answer.
    pub(crate) async fn tell(&self, method: Method, path: Path, body: &impl Serialize) -> Result<(), ClientError> {
        let request = Request { body: self.json(body)?, ..Request::new(method, path) };
        self.ask_whole(request).await.map(drop)
    }

    /// Sends a request and returns with the head of a good answer; its body is still to be read.
    pub(crate) async fn open(&self, request: Request) -> Result<Answer, ClientError> {
        self.transport.send(request).await?.or_refusal().await
    }

    /// Sends a request for another protocol, and returns the connection that speaks it.
    pub(crate) async fn upgrade(&self, request: Request) -> Result<Box<dyn Upgraded>, ClientError> {
        let late = |_| ClientError::TimedOut { at: self.place(), seconds: ANSWER_WITHIN.as_secs() };
        tokio::time::timeout(ANSWER_WITHIN, self.transport.upgrade(request)).await.map_err(late)?
    }

    pub(crate) fn malformed(&self, why: &impl ToString) -> ClientError {
        ClientError::Malformed { at: self.place(), why: why.to_string().chars().take(200).collect() }
    }
}
