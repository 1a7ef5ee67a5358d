//! Agent definitions: those that come with Holt, and those that people keep.

use holt_core::access::{Principal, Scope};
use holt_core::definition::{AgentDefinition, DefinitionError, built_in};

use super::{Engine, allow};
use crate::error::EngineError;

/// A definition, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDefinition {
    pub definition: AgentDefinition,
    /// It comes with Holt, and nobody has put another in its place.
    pub built_in: bool,
}

impl Engine {
    /// All definitions, those that come with Holt first. One that people keep stands in place of Holt's own of its name.
    pub async fn definitions(&self, by: &Principal) -> Result<Vec<KnownDefinition>, EngineError> {
        allow(by, Scope::View)?;
        let definitions = self.node.parts.definitions.clone();
        elsewhere(move || Ok(known(&definitions.all()))).await
    }

    pub(super) async fn definition(&self, name: &str) -> Result<Option<AgentDefinition>, EngineError> {
        let definitions = self.node.parts.definitions.clone();
        let all = elsewhere(move || Ok(known(&definitions.all()))).await?;
        Ok(all.into_iter().map(|known| known.definition).find(|definition| definition.name == name))
    }

    /// Keeps a definition for all sessions that are made from now on.
    pub async fn keep_definition(&self, by: &Principal, definition: AgentDefinition) -> Result<KnownDefinition, EngineError> {
        allow(by, Scope::Admin)?;
        let brains = &self.node.parts.agents;
        if let Some(brain) = definition.agent.as_ref().filter(|brain| !brains.contains_key(*brain)) {
            return Err(invalid(format!("there is no agent `{brain}`")));
        }
        if brains.contains_key(&definition.name) {
            return Err(invalid(format!("`{}` is the name of a brain", definition.name)));
        }
        definition.check().map_err(invalid)?;
        let (definitions, kept) = (self.node.parts.definitions.clone(), definition.clone());
        elsewhere(move || definitions.keep(&kept)).await?;
        Ok(KnownDefinition { definition, built_in: false })
    }

    /// Forgets a definition that people kept; Holt's own of its name is there again.
    pub async fn forget_definition(&self, by: &Principal, name: &str) -> Result<(), EngineError> {
        allow(by, Scope::Admin)?;
        let (definitions, wanted) = (self.node.parts.definitions.clone(), name.to_owned());
        let was_there = elsewhere(move || definitions.forget(&wanted)).await?;
        let what = format!("nobody has defined an agent `{name}`");
        let hint = "`holt agents` lists them; those that come with Holt cannot be removed.";
        if was_there { Ok(()) } else { Err(EngineError::Invalid { code: "agent_unknown", what, hint }) }
    }
}

/// Files are read where blocking is allowed.
async fn elsewhere<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DefinitionError> + Send + 'static,
) -> Result<T, EngineError> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.unwrap_or_else(|error| Err(DefinitionError::Storage(error.to_string()))).map_err(failed)
}

fn known(kept: &[AgentDefinition]) -> Vec<KnownDefinition> {
    let ours = built_in().into_iter().filter(|ours| kept.iter().all(|other| other.name != ours.name));
    let ours = ours.map(|definition| KnownDefinition { definition, built_in: true });
    ours.chain(kept.iter().cloned().map(|definition| KnownDefinition { definition, built_in: false })).collect()
}

fn invalid(what: String) -> EngineError {
    EngineError::Invalid { code: "bad_definition", what, hint: "Change what it says is wrong, and send it again." }
}

fn failed(error: DefinitionError) -> EngineError {
    let hint = "See that the data directory can be written and has room.";
    match error {
        DefinitionError::Invalid(what) => invalid(what),
        DefinitionError::Storage(_) => EngineError::Invalid { code: "definitions_unwritable", what: error.to_string(), hint },
    }
}
