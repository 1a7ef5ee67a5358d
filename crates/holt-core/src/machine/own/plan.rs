//! `update_plan`: the agent says what it means to do, and how far it is.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Answer;
use crate::event::PlanChanged;
use crate::plan::{MAX_ITEMS, MAX_TEXT, PlanItem, PlanStatus};
use crate::tool::{CallOutcome, CallStatus, Place, ToolSpec};

pub const NAME: &str = "update_plan";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    items: Vec<PlanItem>,
}

pub fn tool() -> ToolSpec {
    ToolSpec {
        name: NAME.into(),
        description:
            "Keeps your plan: a short list of what is to be done, which the person who watches sees too. Give the whole \
            list each time; it takes the place of the one before. Use it for work of several steps, keep one item in progress, \
            and mark an item done as soon as it is. An empty list removes the plan."
                .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "items": {
                    "type": "array",
                    "maxItems": MAX_ITEMS,
                    "items": {
                        "type": "object",
                        "properties": {
                            "text": { "type": "string", "maxLength": MAX_TEXT, "description": "What is to be done, in a line." },
                            "status": { "type": "string", "enum": ["pending", "in_progress", "done"] },
                        },
                        "required": ["text", "status"],
                        "additionalProperties": false,
                    },
                },
            },
            "required": ["items"],
            "additionalProperties": false,
        }),
        reads_only: true,
        parallel: true,
        screen: false,
        place: Place::Session,
    }
}

pub fn answer(arguments: &Value) -> Answer {
    let items = match Arguments::deserialize(arguments) {
        Ok(Arguments { items }) => items,
        Err(error) => return Answer::refused(format!("The plan was not understood and is as it was: {error}.")),
    };
    if items.len() > MAX_ITEMS {
        return Answer::refused(format!("A plan has at most {MAX_ITEMS} items; it is as it was. Say it in fewer."));
    }
    let items: Vec<PlanItem> = items.into_iter().map(PlanItem::in_a_line).collect();
    let done = items.iter().filter(|item| item.status == PlanStatus::Done).count();
    let text = format!("The plan is kept: {done} of {} done.", items.len());
    Answer::Now { events: vec![PlanChanged { items }.into()], outcome: CallOutcome::text(CallStatus::Succeeded, text) }
}

impl PlanItem {
    fn in_a_line(self) -> Self {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        Self { text: words.join(" ").chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect(), ..self }
    }
}
