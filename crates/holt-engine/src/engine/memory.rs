//! What outlives sessions, as people see and change it.

use holt_core::access::{Principal, Scope};
use holt_core::id::SessionId;
use holt_core::memory::{About, Fact, MemoryError, Notebook, Writer};
use holt_core::time::Timestamp;

use super::{Engine, allow};
use crate::error::EngineError;
use crate::memory;
use crate::requests::{ChangeFact, Remember};

impl Engine {
    /// The caller's facts, oldest first: all, or those that count in one session's workspace, and what waits to count there.
    pub async fn facts(&self, by: &Principal, session: Option<SessionId>) -> Result<Vec<Fact>, EngineError> {
        let place = self.place(by, Scope::View, session).await?;
        let owner = by.owner.clone();
        let book = memory::with(&self.node, move |memories| memories.read(&owner)).await?;
        let is_wanted = |fact: &&Fact| place.as_ref().is_none_or(|place| fact.is_known_in(place));
        Ok(book.facts().iter().filter(is_wanted).cloned().collect())
    }

    /// Writes a fact down. What is to hold everywhere waits, unless the caller may answer an agent's questions.
    pub async fn remember(&self, by: &Principal, request: Remember) -> Result<Fact, EngineError> {
        let about = self.place(by, Scope::Operate, request.session).await?.unwrap_or(About::Everywhere);
        self.write(by, move |book, writer, at| book.add(about.clone(), &request.text, writer, at)).await
    }

    /// Says a fact in other words, or agrees to it.
    pub async fn change_fact(&self, by: &Principal, id: u64, request: ChangeFact) -> Result<Fact, EngineError> {
        allow(by, Scope::Operate)?;
        self.write(by, move |book, writer, at| book.change(id, request.text.as_deref(), writer, at)).await
    }

    pub async fn forget_fact(&self, by: &Principal, id: u64) -> Result<(), EngineError> {
        allow(by, Scope::Operate)?;
        self.write(by, move |book, _, _| if book.forget(id) { Ok(()) } else { Err(MemoryError::NotFound(id)) }).await
    }

    async fn place(&self, by: &Principal, scope: Scope, session: Option<SessionId>) -> Result<Option<About>, EngineError> {
        allow(by, scope)?;
        let Some(id) = session else { return Ok(None) };
        let session = self.session(by, id).await?;
        // What is remembered is the caller's; an admin who looks at somebody else's session does not write into their own.
        if session.owner == by.owner {
            Ok(Some(About::workspace(id, &session.workspace)))
        } else {
            Err(EngineError::NoSession(id))
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        by: &Principal,
        write: impl Fn(&mut Notebook, &Writer, Timestamp) -> Result<T, MemoryError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (owner, at) = (by.owner.clone(), self.node.now());
        let writer = Writer::Person { name: by.name.clone(), agrees: by.may(Scope::Approve) };
        let written = memory::with(&self.node, move |memories| {
            let mut done = Err(MemoryError::Storage("nothing was written".into()));
            memories.change(&owner, &mut |book| {
                done = write(book, &writer, at);
                done.as_ref().map(|_| ()).map_err(Clone::clone)
            })?;
            done
        });
        Ok(written.await?)
    }
}
