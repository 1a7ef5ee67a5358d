//! The port to tools that are not in a session's sandbox: outside servers, and what Holt does itself beyond one session.
//!
//! What such a tool is called, says of itself and answers is somebody else's word, and hostile. A call of one is made at most
//! once: nobody keeps its outcome, so one that was under way when a process died is reported as interrupted.

use async_trait::async_trait;
use futures::stream::BoxStream;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::SessionId;
use crate::sandbox::{CallUpdate, ToolCall};
use crate::session::SessionSpec;
use crate::tool::ToolSpec;

#[async_trait]
pub trait Elsewhere: Send + Sync {
    /// What a session is offered, asked at the beginning of each run. Every tool of it says [`Place::Elsewhere`]. A tool that
    /// has the name of one of Holt's own is left out.
    ///
    /// [`Place::Elsewhere`]: crate::tool::Place::Elsewhere
    async fn tools(&self, session: SessionId, spec: &SessionSpec) -> Vec<ToolSpec>;

    /// Makes a call, or says that it has no such tool. The stream ends with its outcome; dropping it stops the call.
    async fn call(&self, spec: &SessionSpec, call: &ToolCall) -> Option<BoxStream<'static, CallUpdate>>;
}

/// The outside servers, as a person looks after them. All of it reaches beyond one session.
#[async_trait]
pub trait ToolServers: Send + Sync {
    async fn list(&self) -> Result<ToolServerList, ToolServerError>;

    /// Names a server, in the form of the file that other programs have too; takes the place of one of that name.
    async fn put(&self, name: &str, entry: Value) -> Result<(), ToolServerError>;

    async fn remove(&self, name: &str) -> Result<(), ToolServerError>;

    /// Gets the package that a server's program is in.
    async fn fetch(&self, name: &str) -> Result<(), ToolServerError>;

    /// Starts a server in a sandbox of its own, asks it what it can do, and ends it.
    async fn test(&self, name: &str) -> Result<TestedServer, ToolServerError>;

    /// Agrees to what a test has shown, by its fingerprint, and offers it to sessions from now on.
    async fn agree(&self, name: &str, fingerprint: &str) -> Result<(), ToolServerError>;

    /// Offers a server to sessions, or not any more.
    async fn switch(&self, name: &str, on: bool) -> Result<(), ToolServerError>;

    /// Keeps a secret that a server needs.
    async fn keep_secret(&self, name: &str, secret: &str, value: SecretString) -> Result<(), ToolServerError>;
}

/// Every server that is named, and what people should know of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolServerList {
    pub servers: Vec<ToolServer>,
    pub notices: Vec<ToolServerNotice>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolServer {
    pub name: String,
    pub description: String,
    /// Its command, or its address, as it stands in the file: secrets by their names.
    pub reached_by: String,
    /// It is offered, if somebody has agreed to it.
    pub on: bool,
    /// Somebody has agreed to what it says of itself, and it is still the same entry.
    pub agreed: bool,
    /// The package that its program is in, if it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Its package is here.
    pub fetched: bool,
    /// It runs in a sandbox of its own, because it holds a secret.
    pub apart: bool,
    /// The secrets that it needs, and whether they are kept.
    pub secrets: Vec<NeededSecret>,
    /// What somebody has agreed to.
    pub tools: Vec<ToolBrief>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NeededSecret {
    pub name: String,
    pub kept: bool,
}

/// A tool of a server, in its own words: hostile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolBrief {
    pub name: String,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolServerNotice {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Stable.
    pub code: String,
    pub text: String,
}

/// What a server says of itself now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestedServer {
    pub tools: Vec<ToolBrief>,
    /// How many more it has that are not taken: too many, too large, or not to be called.
    pub left_out: usize,
    /// What is new or in other words than somebody agreed to, or is not there any more.
    pub changed: Vec<String>,
    /// Stands for all of it.
    pub fingerprint: String,
}

/// Why a server cannot be looked after as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolServerError {
    #[error("there is no server `{0}`")]
    Unknown(String),
    #[error("{0}")]
    Refused(String),
    /// What was agreed to is not what the last test has shown.
    #[error("this is not what the last test of `{0}` has shown")]
    Other(String),
    #[error("`{name}` cannot be used: {why}")]
    Unusable { name: String, why: String },
    #[error("it cannot be written down: {0}")]
    Storage(String),
}
