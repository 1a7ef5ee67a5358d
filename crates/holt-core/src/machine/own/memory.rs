//! `remember` and `forget`: facts that outlive the session. What they do is done by whoever keeps them.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::memory::MAX_FACT_CHARS;
use crate::tool::{Place, ToolSpec};

pub const REMEMBER: &str = "remember";
pub const FORGET: &str = "forget";

/// What an agent wants of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemoryWish {
    Remember { text: String, everywhere: bool, replaces: Option<u64> },
    Forget { fact: u64 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Remember {
    text: String,
    #[serde(default)]
    everywhere: bool,
    #[serde(default)]
    replaces: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    fact: u64,
}

pub fn tools() -> [ToolSpec; 2] {
    let remember = json!({
        "type": "object",
        "properties": {
            "text": { "type": "string", "maxLength": MAX_FACT_CHARS, "description": "The fact, in one line that is understood alone." },
            "everywhere": { "type": "boolean", "description": "It is about the person you work for and not about this workspace. \
                Then they are asked to agree first." },
            "replaces": { "type": "integer", "description": "The number of a fact of yours that this one takes the place of." },
        },
        "required": ["text"],
        "additionalProperties": false,
    });
    let forget = json!({
        "type": "object",
        "properties": { "fact": { "type": "integer", "description": "Its number." } },
        "required": ["fact"],
        "additionalProperties": false,
    });
    let tool = |name: &str, description: &str, parameters: Value| ToolSpec {
        name: name.into(),
        description: description.into(),
        parameters,
        reads_only: true,
        parallel: false,
        screen: false,
        place: Place::Session,
    };
    [
        tool(
            REMEMBER,
            "Keeps a fact for later sessions in this workspace: what took effort to find out and will be needed again (how it is \
             built and tested, where things are, what the person wants done always or never). Not what the code says anyway, not \
             the state of a task, never a secret.",
            remember,
        ),
        tool(
            FORGET,
            "Removes a fact that you or another agent noted about this workspace, when it is not true any more.",
            forget,
        ),
    ]
}

/// What a call of one of them wants, or why it cannot be understood. Nothing for other tools.
pub fn wish(tool: &str, arguments: &Value) -> Option<Result<MemoryWish, String>> {
    let misunderstood = |error: serde_json::Error| format!("This was not understood, and nothing was changed: {error}.");
    match tool {
        REMEMBER => Some(
            Remember::deserialize(arguments)
                .map_err(misunderstood)
                .map(|Remember { text, everywhere, replaces }| MemoryWish::Remember { text, everywhere, replaces }),
        ),
        FORGET => Some(Forget::deserialize(arguments).map_err(misunderstood).map(|Forget { fact }| MemoryWish::Forget { fact })),
        _ => None,
    }
}
