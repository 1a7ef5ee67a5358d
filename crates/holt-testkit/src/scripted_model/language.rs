//! Which language a request is in, by its path, and what each language does in its own way.

use serde_json::{Value, json};

use super::check::{self, Incoming};
use super::request::Request;
use super::step::{Failure, Script};
use super::wire::{self, Out};
use super::{chat, gemini, ollama, responses};

/// The languages that the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Anthropic,
    Chat,
    Responses,
    Gemini,
    Ollama,
}

impl Language {
    /// What nobody else speaks counts as the first of them, whose rules then say that the path is wrong.
    pub fn of(path: &str) -> Self {
        if path.ends_with("/chat/completions") {
            Self::Chat
        } else if path.ends_with("/responses") {
            Self::Responses
        } else if path.starts_with("/v1beta/") {
            Self::Gemini
        } else if path.starts_with("/api/") {
            Self::Ollama
        } else {
            Self::Anthropic
        }
    }

    pub fn violations(self, incoming: &Incoming<'_>) -> Vec<String> {
        match self {
            Self::Anthropic => check::violations(incoming),
            Self::Chat => chat::violations(incoming),
            Self::Responses => responses::violations(incoming),
            Self::Gemini => gemini::violations(incoming),
            Self::Ollama => ollama::violations(incoming),
        }
    }

    pub fn write(self, script: &Script, request: &Request, input_tokens: usize, voice: &mut Voice<'_>) -> Vec<Out> {
        let model = json!(request.model());
        let out = match self {
            Self::Anthropic => {
                return wire::write(script, &model, input_tokens, || (voice.fresh_id)(), |block| (voice.issue)(block));
            }
            Self::Chat => chat::write(script, &model, input_tokens, voice),
            Self::Responses => responses::write(script, &model, input_tokens, voice),
            Self::Gemini => gemini::write(script, &model, input_tokens, voice),
            Self::Ollama => ollama::write(script, &model, input_tokens, voice),
        };
        wire::in_pieces(out, script.piece_bytes)
    }

    pub fn media_type(self) -> &'static str {
        if self == Self::Ollama { "application/x-ndjson" } else { "text/event-stream; charset=utf-8" }
    }

    /// An error as a provider of this language says it.
    pub fn failure(self, failure: &Failure) -> Value {
        let Failure { kind, message, status, .. } = failure;
        match self {
            Self::Anthropic => json!({ "type": "error", "error": { "type": kind, "message": message } }),
            Self::Chat | Self::Responses => {
                json!({ "error": { "message": message, "type": "error", "param": null, "code": kind } })
            }
            Self::Gemini => json!({ "error": { "code": status, "message": message, "status": kind } }),
            Self::Ollama => json!({ "error": message }),
        }
    }

    /// What is said when somebody asks which models there are.
    pub fn listing(self, path: &str, models: &[String]) -> Value {
        let list = |entry: fn(&String) -> Value| models.iter().map(entry).collect::<Vec<Value>>();
        match self {
            Self::Ollama if path == "/api/show" => json!({
                "capabilities": ["completion", "tools", "vision"], "model_info": { "scripted.context_length": 40_960 },
            }),
            Self::Ollama => json!({ "models": list(|name| json!({ "name": name, "model": name })) }),
            Self::Gemini => json!({ "models": list(|name| json!({ "name": format!("models/{name}") })) }),
            _ => json!({ "object": "list", "data": list(|name| json!({ "id": name, "object": "model" })) }),
        }
    }
}

/// What an answer needs of the server: names for calls, and a memory of what has to come back as it went.
pub(super) struct Voice<'a> {
    pub fresh_id: &'a mut dyn FnMut() -> String,
    pub issue: &'a mut dyn FnMut(Value),
}

/// Writes the pieces that are the same in every language, and hands the others to `say`. False when nothing comes after.
pub(super) fn each(script: &Script, out: &mut Vec<Out>, mut say: impl FnMut(&super::step::Piece) -> Vec<String>) -> bool {
    use super::step::Piece;
    for piece in &script.pieces {
        match piece {
            Piece::Raw(bytes) => out.push(Out::Bytes(bytes.clone())),
            Piece::Wait(gate) => out.push(Out::Wait(gate.clone())),
            Piece::Cut => {
                out.push(Out::Cut);
                return false;
            }
            Piece::End => return false,
            other => out.extend(say(other).into_iter().map(|text| Out::Bytes(text.into()))),
        }
    }
    true
}

/// A message of a stream of events.
pub(super) fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// Arguments in two pieces, which end anywhere.
pub(super) fn halves(text: &str) -> [&str; 2] {
    let middle = text.floor_char_boundary(text.len() / 2);
    [&text[..middle], &text[middle..]]
}
