//! `ask_human`: the agent asks its person something in words, and waits for an answer in words.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Answer;
use crate::tool::{Place, ToolSpec};
use crate::view::FreeQuestion;

pub const NAME: &str = "ask_human";
const MAX_QUESTION_CHARS: usize = 4000;
const MAX_CHOICES: usize = 8;
const MAX_CHOICE_CHARS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    question: String,
    #[serde(default)]
    choices: Vec<String>,
}

pub fn tool() -> ToolSpec {
    ToolSpec {
        name: NAME.into(),
        description: "Asks the person you work for, and waits for their answer, which may take hours. Ask what only they can know or \
            decide, when guessing wrong would cost much; find out the rest yourself. Say in the question what you need to know and \
            what you will do with each answer. `choices` are answers that they can pick; they may always answer in words of their \
            own."
            .into(),
        parameters: json!({
            "type": "object",
            "properties": {
                "question": { "type": "string", "maxLength": MAX_QUESTION_CHARS },
                "choices": {
                    "type": "array",
                    "maxItems": MAX_CHOICES,
                    "items": { "type": "string", "maxLength": MAX_CHOICE_CHARS },
                },
            },
            "required": ["question"],
            "additionalProperties": false,
        }),
        reads_only: true,
        parallel: false,
        screen: false,
        place: Place::Session,
    }
}

pub fn answer(arguments: &Value) -> Answer {
    let Arguments { question, choices } = match Arguments::deserialize(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return Answer::refused(format!("The question was not understood and nobody was asked: {error}.")),
    };
    let is_long = |text: &String, most: usize| text.chars().count() > most;
    if question.trim().is_empty() || is_long(&question, MAX_QUESTION_CHARS) {
        return Answer::refused(format!("A question has 1 to {MAX_QUESTION_CHARS} characters. Nobody was asked."));
    }
    if choices.len() > MAX_CHOICES || choices.iter().any(|choice| choice.trim().is_empty() || is_long(choice, MAX_CHOICE_CHARS)) {
        let text = format!("At most {MAX_CHOICES} choices of 1 to {MAX_CHOICE_CHARS} characters can be given. Nobody was asked.");
        return Answer::refused(text);
    }
    Answer::Ask(FreeQuestion { text: question, choices })
}
