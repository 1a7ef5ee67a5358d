//! What outlives sessions, as a session's agent uses it: what it is told at the beginning of a run, and what it notes.

use std::sync::Arc;

use holt_core::id::SessionId;
use holt_core::machine::own::memory::MemoryWish;
use holt_core::memory::{About, Fact, Memories, MemoryError, Notebook, Writer};
use holt_core::session::SessionSpec;
use holt_core::tool::{CallOutcome, CallStatus};

use crate::node::Node;

/// What is known in a session's workspace. A memory that cannot be read keeps nobody from working.
pub(crate) async fn told(node: &Arc<Node>, session: SessionId, spec: &SessionSpec) -> Vec<Fact> {
    let (owner, place) = (spec.owner.clone(), About::workspace(session, &spec.workspace));
    let told = with(node, move |memories| Ok(memories.read(&owner)?.told(&place))).await;
    told.inspect_err(|error| tracing::warn!(%session, %error, "an agent begins without its memory")).unwrap_or_default()
}

/// Does what an agent wants of memory.
pub(crate) async fn grant(node: &Arc<Node>, session: SessionId, spec: &SessionSpec, wish: MemoryWish) -> CallOutcome {
    let (owner, place, at) = (spec.owner.clone(), About::workspace(session, &spec.workspace), node.now());
    let granted = with(node, move |memories| {
        let mut said = String::new();
        memories.change(&owner, &mut |book| {
            said = written(book, &wish, &place, &Writer::Agent { session }, at)?;
            Ok(())
        })?;
        Ok(said)
    });
    match granted.await {
        Ok(said) => CallOutcome::text(CallStatus::Succeeded, said),
        Err(error) => CallOutcome::text(CallStatus::Failed, format!("Nothing was changed: {error}.")),
    }
}

fn written(
    book: &mut Notebook,
    wish: &MemoryWish,
    place: &About,
    writer: &Writer,
    at: holt_core::time::Timestamp,
) -> Result<String, MemoryError> {
    match wish {
        MemoryWish::Forget { fact } => book.forget_own(*fact, place).map(|()| format!("Fact {fact} is forgotten.")),
        MemoryWish::Remember { text, everywhere, replaces } => {
            if let Some(old) = replaces {
                // Done twice, the old one is gone already.
                match book.forget_own(*old, place) {
                    Ok(()) | Err(MemoryError::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            let about = if *everywhere { About::Everywhere } else { place.clone() };
            let fact = book.add(about, text, writer, at)?;
            Ok(match fact.waiting {
                true => format!("Fact {} is noted, and used when a person has agreed to it.", fact.id),
                false => format!("Fact {} is remembered.", fact.id),
            })
        }
    }
}

/// What was known of the session's own workspace goes with it.
pub(crate) async fn forget_session(node: &Arc<Node>, session: SessionId, spec: &SessionSpec) {
    let owner = spec.owner.clone();
    let forgotten = with(node, move |memories| {
        let is_known = memories.read(&owner)?.forget_session(session);
        if !is_known {
            return Ok(());
        }
        memories.change(&owner, &mut |book| {
            book.forget_session(session);
            Ok(())
        })
    });
    if let Err(error) = forgotten.await {
        tracing::warn!(%session, %error, "what was remembered of a removed session could not be forgotten");
    }
}

/// Files are read where blocking is allowed.
pub(crate) async fn with<T: Send + 'static>(
    node: &Node,
    work: impl FnOnce(&dyn Memories) -> Result<T, MemoryError> + Send + 'static,
) -> Result<T, MemoryError> {
    let memories = node.parts.memories.clone();
    let worked = tokio::task::spawn_blocking(move || work(&*memories)).await;
    worked.unwrap_or_else(|error| Err(MemoryError::Storage(error.to_string())))
}
