//! What may stand in a request: fields, tools and content, by lists for each interface. Pure.
//!
//! A list names what is harmless: what the model is told, and what it may ask the program to do. What would have the provider
//! search, fetch, run, call others or keep something is not on it, nor is what came after it was written.

mod anthropic;
mod gemini;
mod openai;

use serde_json::{Map, Value};

use crate::route::Action;
use crate::{Refusal, json};

/// A body that may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub bytes: Vec<u8>,
    /// The model that it names.
    pub model: Option<String>,
    /// The answer's last word on usage was not asked for, and is taken out again.
    pub hides_usage: bool,
}

/// Looks at a body.
///
/// # Errors
/// Says what may not stand there.
pub fn check(action: Action, bytes: Vec<u8>) -> Result<Checked, Refusal> {
    let body = json::read(&bytes).map_err(Refusal::Json)?;
    let mut checked = Checked { bytes, model: text(&body, "model").map(str::to_owned), hides_usage: false };
    let names_model = matches!(action, Action::Generate | Action::CountContent) || checked.model.is_some();
    if !names_model {
        return refuse("a request that names no model");
    }
    match action {
        Action::Messages | Action::CountMessages => anthropic::check(&body)?,
        Action::ChatCompletions => {
            openai::check_chat(&body)?;
            // Without it nobody knows what a stream used.
            if body.get("stream") == Some(&Value::Bool(true)) && !openai::asks_for_usage(&body) {
                if body.contains_key("stream_options") {
                    return Err(Refusal::Content("`stream_options` without `include_usage`".into()));
                }
                checked.bytes = json::with_field(&checked.bytes, r#""stream_options":{"include_usage":true}"#);
                checked.hides_usage = true;
            }
        }
        Action::Responses => {
            openai::check_responses(&body)?;
            // The provider keeps what nobody says it should not.
            if !body.contains_key("store") {
                checked.bytes = json::with_field(&checked.bytes, r#""store":false"#);
            }
        }
        Action::Generate | Action::CountContent => gemini::check(&body)?,
        Action::Models => return Err(Refusal::Content("a body".into())),
    }
    Ok(checked)
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

/// The kind of something, without what would make a message long or strange.
fn kind(fields: &Map<String, Value>) -> String {
    shown(text(fields, "type").unwrap_or_default())
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).take(60).collect()
}

fn refuse<T>(what: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Content(what.into()))
}

/// Nothing but these fields.
fn only(fields: &Map<String, Value>, known: &[&str], place: &str) -> Result<(), Refusal> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => refuse(format!("the field `{}` of {place}", shown(name))),
        None => Ok(()),
    }
}

fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Map<String, Value>, Refusal> {
    value.as_object().map_or_else(|| refuse(format!("{place} that is no object")), Ok)
}

/// Each item of a list; what is absent or null has none.
fn each<'a>(
    value: Option<&'a Value>,
    place: &str,
    mut look: impl FnMut(&'a Value) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(items)) => items.iter().try_for_each(&mut look),
        Some(_) => refuse(format!("{place} that are no list")),
    }
}

/// A text, or a list whose items are looked at.
fn text_or_each(value: Option<&Value>, place: &str, look: impl FnMut(&Value) -> Result<(), Refusal>) -> Result<(), Refusal> {
    match value {
        Some(Value::String(_)) => Ok(()),
        other => each(other, place, look),
    }
}

/// A picture or file that stands in the address itself.
fn is_data(url: Option<&Value>) -> bool {
    url.and_then(Value::as_str).is_some_and(|url| url.starts_with("data:"))
}

#[cfg(test)]
mod tests;
