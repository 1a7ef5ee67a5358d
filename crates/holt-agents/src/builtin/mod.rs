//! The agent that comes with Holt: a model and tools, step by step.
//!
//! Each step plans what the model sees, lets it answer, shows the answer as it comes, and records it with the calls it
//! wants. It is over when an answer wants no calls. Everything it says and does goes through the desk.

mod asking;
mod compacting;
mod memory;
mod prompt;
mod rates;
mod showing;
mod standing;
mod summarizing;
mod turns;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use holt_core::agent::{Agent, AgentFailure, Desk, Halted, SessionSummary, WorkError};
use holt_core::model::{Model, ModelError};

use memory::Memory;
use rates::Rates;
use standing::Standing;

/// How many answers in a row may want calls that cannot be made, before the model is given up.
const MAX_BROKEN_ANSWERS: usize = 3;

/// How the agent works.
#[derive(Debug, Clone)]
pub struct Options {
    /// The longest answer, in tokens.
    pub max_output_tokens: u32,
    /// How often an answer is begun anew that broke off after a part of it was shown.
    pub restarts: u32,
    /// Sessions get a title and a summary from their model.
    pub titles: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_output_tokens: 32_000, restarts: 2, titles: true }
    }
}

/// The built-in agent. One value serves all runs.
#[derive(Clone)]
pub struct BuiltinAgent {
    model: Arc<dyn Model>,
    options: Options,
    rates: Arc<Rates>,
}

impl BuiltinAgent {
    pub fn new(model: Arc<dyn Model>, options: Options) -> Self {
        Self { model, options, rates: Arc::default() }
    }
}

impl fmt::Debug for BuiltinAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuiltinAgent").field("options", &self.options).finish_non_exhaustive()
    }
}

#[async_trait]
impl Agent for BuiltinAgent {
    async fn work(&self, desk: Arc<dyn Desk>) -> Result<(), WorkError> {
        let brief = desk.brief();
        let mut memory = Memory::new(brief, self.budget(brief));
        loop {
            if let Some(end) = end(memory.next_step(&*desk).await?) {
                return end;
            }
            // What was given a part of the work has a conversation of its own, which is not the session's to sum up.
            if brief.part.is_none() && self.compact_if_due(&*desk, &memory, Some(brief.run)).await? {
                memory.next_step(&*desk).await?;
            }
            let turn = self.ask(&*desk, &memory).await?;
            let standing = standing::after(Standing::default(), &turn.parts, turn.stop);
            desk.finish(turn).await?;
            // The next step would ask whether the budget allows more, which an answer that wants nothing more need not care about.
            if let Some(end) = end(standing) {
                return end;
            }
        }
    }

    async fn compact(&self, desk: Arc<dyn Desk>) -> Result<bool, Halted> {
        let brief = desk.brief();
        let mut memory = Memory::new(brief, self.budget(brief));
        memory.read(&*desk).await?;
        self.compact_if_due(&*desk, &memory, None).await
    }

    async fn summarize(&self, desk: Arc<dyn Desk>) -> Result<Option<SessionSummary>, Halted> {
        self.sum_up_session(&*desk).await
    }
}

/// How the work ends, if it does.
fn end(standing: Standing) -> Option<Result<(), WorkError>> {
    match standing {
        Standing::Done => Some(Ok(())),
        Standing::Refused => Some(Err(refused().into())),
        Standing::Open { broken_answers } if broken_answers >= MAX_BROKEN_ANSWERS => Some(Err(unusable().into())),
        Standing::Open { .. } => None,
    }
}

fn failure(error: &ModelError) -> AgentFailure {
    AgentFailure { code: error.code().into(), message: error.to_string(), hint: error.hint().into() }
}

fn refused() -> AgentFailure {
    failure(&ModelError::Refused("the model declined to answer".into()))
}

fn unusable() -> AgentFailure {
    let text = format!("{MAX_BROKEN_ANSWERS} answers in a row wanted calls that do not make sense");
    failure(&ModelError::Malformed(text))
}
