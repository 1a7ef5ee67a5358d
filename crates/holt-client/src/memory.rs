//! What agents remember from session to session.

use holt_api::{ChangeFact, Fact, FactList, RememberFact};
use holt_core::id::SessionId;

use crate::client::Client;
use crate::error::ClientError;
use crate::path::Path;
use crate::transport::{Method, Request};

fn fact(id: u64) -> Path {
    Path::new("/v2/memory").segment(&id.to_string())
}

impl Client {
    /// The facts: all, or those that count in a session's workspace.
    pub async fn facts(&self, session: Option<SessionId>) -> Result<FactList, ClientError> {
        self.get(Path::new("/v2/memory").query_if("session", session)).await
    }

    pub async fn remember(&self, wanted: &RememberFact) -> Result<Fact, ClientError> {
        self.post(Path::new("/v2/memory"), wanted).await
    }

    /// Says a fact in other words; without them, agrees to it.
    pub async fn change_fact(&self, id: u64, change: &ChangeFact) -> Result<Fact, ClientError> {
        let body = self.json(change)?;
        self.ask(Request { body, ..Request::new(Method::PATCH, fact(id)) }).await
    }

    pub async fn forget_fact(&self, id: u64) -> Result<(), ClientError> {
        self.delete(fact(id)).await
    }
}
