//! A conversation as the demo sees it: what people ask for now, and what came of the calls so far.

use std::collections::HashMap;

use holt_core::context::is_about_takeover;
use holt_core::model::{AssistantPart, CallResult, Turn};
use holt_core::tool::{CallStatus, ToolContent};
use serde_json::Value;

/// A call with its result.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub tool: String,
    pub arguments: Value,
    pub status: CallStatus,
    pub text: String,
}

impl Step {
    pub fn succeeded(&self) -> bool {
        self.status == CallStatus::Succeeded
    }
}

/// Everything that matters of the turns so far.
#[derive(Debug, Default)]
pub struct Conversation {
    /// What people have said since the demo last came to an end, oldest first.
    pub prompts: Vec<String>,
    /// What was done since the first of them.
    pub steps: Vec<Step>,
    /// What was done before.
    pub earlier: Vec<Step>,
}

/// A call that has been made, by the name the model gave it.
struct Made {
    reference: String,
    tool: String,
    arguments: Value,
}

impl Conversation {
    pub fn of(turns: &[Turn]) -> Self {
        let mut conversation = Self::default();
        let mut made: Vec<Made> = Vec::new();
        for turn in turns {
            match turn {
                Turn::User { content } => {
                    conversation.answer(std::mem::take(&mut made), &[]);
                    let said = content.iter().filter_map(text).filter(|text| !is_about_takeover(text));
                    conversation.prompts.extend(said.map(str::to_owned));
                }
                Turn::Results { results } => conversation.answer(std::mem::take(&mut made), results),
                Turn::Assistant { parts } => {
                    conversation.answer(std::mem::take(&mut made), &[]);
                    made = calls(parts);
                    if made.is_empty() {
                        conversation.close();
                    }
                }
            }
        }
        conversation.answer(made, &[]);
        conversation
    }

    fn answer(&mut self, made: Vec<Made>, results: &[CallResult]) {
        let results: HashMap<&str, &CallResult> = results.iter().map(|result| (result.reference.as_str(), result)).collect();
        for Made { reference, tool, arguments } in made {
            let result = results.get(reference.as_str());
            let text = result.map_or_else(
                || "This call has no result.".to_owned(),
                |result| result.content.iter().filter_map(text).collect::<Vec<_>>().join("\n"),
            );
            let status = result.map_or(CallStatus::Interrupted, |result| result.status);
            self.steps.push(Step { tool, arguments, status, text });
        }
    }

    /// The demo said its last word on what was asked.
    fn close(&mut self) {
        self.prompts.clear();
        self.earlier.append(&mut self.steps);
    }

    /// All that was done, the newest last.
    pub fn all_steps(&self) -> impl DoubleEndedIterator<Item = &Step> {
        self.earlier.iter().chain(&self.steps)
    }
}

fn calls(parts: &[AssistantPart]) -> Vec<Made> {
    let made = |part: &AssistantPart| match part {
        AssistantPart::Call { reference, tool, arguments } => {
            Some(Made { reference: reference.clone(), tool: tool.clone(), arguments: arguments.clone() })
        }
        _ => None,
    };
    parts.iter().filter_map(made).collect()
}

/// How many calls were made so far, so that new ones get new names.
pub fn calls_so_far(turns: &[Turn]) -> usize {
    let count = |turn: &Turn| match turn {
        Turn::Assistant { parts } => parts.iter().filter(|part| matches!(part, AssistantPart::Call { .. })).count(),
        _ => 0,
    };
    turns.iter().map(count).sum()
}

fn text(content: &ToolContent) -> Option<&str> {
    match content {
        ToolContent::Text { text } => Some(text),
        ToolContent::Image { .. } => None,
    }
}
