//! The port to tools that are not in a session's sandbox: outside servers, and what Holt does itself beyond one session.
//!
//! What such a tool is called, says of itself and answers is somebody else's word, and hostile. A call of one is made at most
//! once: nobody keeps its outcome, so one that was under way when a process died is reported as interrupted.

use async_trait::async_trait;
use futures::stream::BoxStream;

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
