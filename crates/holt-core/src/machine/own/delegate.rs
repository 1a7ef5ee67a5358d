//! `delegate`: a part of the work is done by an agent of its own, with a conversation of its own, in the same sandbox.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Answer;
use crate::budget::Budget;
use crate::machine::state::State;
use crate::tool::{Place, ToolSpec};
use crate::view::CallStage;

pub const NAME: &str = "delegate";
/// How many work side by side.
pub const MOST_AT_ONCE: usize = 4;
/// The most steps that one may take, whatever the budget.
pub const MOST_STEPS: u32 = 50;
const MAX_TASK_CHARS: usize = 8000;
const MAX_TITLE_CHARS: usize = 80;

/// A part of the work.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub task: String,
    #[serde(default)]
    pub title: String,
}

pub fn tool() -> ToolSpec {
    ToolSpec {
        name: NAME.into(),
        description: format!(
            "Gives a part of your work to another agent, which has the same sandbox, workspace and tools and none of your \
             conversation, and answers with its report. Use it for a part that can be told in a few sentences and whose details you \
             need not see: looking through much, trying something out, a piece of work apart from the rest. Say what it has to know, \
             what is wanted, which files are its own, and what to report. Up to {MOST_AT_ONCE} in one answer work side by side; let \
             no two change the same files. Each may use up to half of the run's budget."
        ),
        parameters: json!({
            "type": "object",
            "properties": {
                "task": { "type": "string", "maxLength": MAX_TASK_CHARS, "description": "All that it is told." },
                "title": { "type": "string", "maxLength": MAX_TITLE_CHARS, "description": "A few words for whoever watches." },
            },
            "required": ["task"],
            "additionalProperties": false,
        }),
        reads_only: true,
        parallel: true,
        screen: false,
        place: Place::Session,
    }
}

/// Whether an agent that was given a part of the work has this tool: the whole is not its own, and it gives nothing on.
pub fn has(tool: &str) -> bool {
    tool != NAME && tool != super::plan::NAME
}

/// What of a run's budget one part may use.
pub fn share(budget: &Budget) -> Budget {
    let half = |bound: Option<u64>| bound.map(|bound| bound.div_ceil(2));
    let steps = budget.steps.map_or(MOST_STEPS, |steps| steps.div_ceil(2).min(MOST_STEPS));
    Budget {
        steps: Some(steps),
        tokens: half(budget.tokens),
        cost_micros: half(budget.cost_micros),
        seconds: half(budget.seconds),
    }
}

pub fn part(arguments: &Value) -> Result<Part, String> {
    let part =
        Part::deserialize(arguments).map_err(|error| format!("The task was not understood and nobody began it: {error}."))?;
    if part.task.trim().is_empty() || part.task.chars().count() > MAX_TASK_CHARS {
        return Err(format!("A task has 1 to {MAX_TASK_CHARS} characters. Nobody began it."));
    }
    Ok(part)
}

pub(super) fn answer(state: &State, arguments: &Value) -> Answer {
    let working = |run: &crate::machine::RunState| {
        run.calls.iter().filter(|call| call.tool == NAME && call.stage == CallStage::Running).count()
    };
    match part(arguments) {
        Err(why) => Answer::refused(why),
        Ok(_) if state.run().map_or(0, working) > MOST_AT_ONCE => Answer::refused(format!(
            "{MOST_AT_ONCE} agents work side by side already. Nobody began this; do it when they are done."
        )),
        Ok(_) => Answer::Later,
    }
}
