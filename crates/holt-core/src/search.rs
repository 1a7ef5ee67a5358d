//! Searching what was said in sessions: what of an event is searched, and how a find is shown. Pure, so that an index and a
//! look through what is not indexed yet agree.

use serde::{Deserialize, Serialize};

use crate::event::{EventBody, Seq};
use crate::id::{OwnerId, SessionId};
use crate::model::AssistantPart;
use crate::time::Timestamp;

/// The most finds that one search brings.
pub const MAX_FOUND: usize = 100;
/// The most words that are looked for at once, and what is looked through of one event.
const MAX_WORDS: usize = 16;
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// How much is shown around the first word that was found, in bytes.
const BEFORE: usize = 80;
const AFTER: usize = 200;

/// The kinds of events that are searched.
pub const KINDS: [&str; 5] = ["prompt_queued", "agent_message", "session_renamed", "session_summarized", "artifact_published"];

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// Only in this owner's sessions.
    pub owner: Option<OwnerId>,
    pub text: String,
    pub limit: usize,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Found {
    pub session: SessionId,
    /// What the session is called.
    pub title: String,
    /// The event in which it stands.
    pub seq: Seq,
    pub at: Timestamp,
    /// `prompt_queued` is a person's words, `agent_message` the agent's.
    pub kind: String,
    /// The text around it, on one line.
    pub excerpt: String,
}

/// What of an event is searched.
pub fn text_of(event: &EventBody) -> Option<String> {
    let text = match event {
        EventBody::PromptQueued(prompt) => prompt.text.clone(),
        EventBody::SessionRenamed(renamed) => renamed.title.clone(),
        EventBody::SessionSummarized(said) => format!("{}\n{}", said.title.as_deref().unwrap_or_default(), said.summary),
        EventBody::ArtifactPublished(published) => format!("{} {}", published.name, published.path),
        EventBody::AgentMessage(message) => {
            let text = |part: &AssistantPart| match part {
                AssistantPart::Text { text } => Some(text.clone()),
                _ => None,
            };
            message.parts.iter().filter_map(text).collect::<Vec<_>>().join("\n")
        }
        _ => return None,
    };
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    (!text.trim().is_empty()).then(|| text[..end].to_owned())
}

/// The words that are looked for, as they are compared.
pub fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).take(MAX_WORDS).collect()
}

/// Whether a text has all of them, each at the beginning of a word of its own.
pub fn has_all(text: &str, wanted: &[String]) -> bool {
    let text = text.to_lowercase();
    let has = |wanted: &String| text.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(wanted.as_str()));
    !wanted.is_empty() && wanted.iter().all(has)
}

/// What stands around the first of the words, on one line and without what a terminal or a page would obey.
pub fn excerpt(text: &str, wanted: &[String]) -> String {
    // Small letters may be longer than great ones, so the place is only about right.
    let small = text.to_lowercase();
    let place = wanted.iter().filter_map(|word| small.find(word.as_str())).min().unwrap_or(0).min(text.len());
    let from = text.ceil_char_boundary(place.saturating_sub(BEFORE));
    let to = text.floor_char_boundary((place + AFTER).min(text.len())).max(from);
    let line: Vec<&str> = text[from..to].split_whitespace().collect();
    let line: String = line.join(" ").chars().filter(|c| !c.is_control()).collect();
    let (before, after) = (if from > 0 { "… " } else { "" }, if to < text.len() { " …" } else { "" });
    format!("{before}{line}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_excerpt_of_anything_is_short_and_on_one_line(text in "\\PC{0,600}|(İx|ß\n){0,200}", query in "\\PC{0,20}") {
            let excerpt = excerpt(&text, &words(&query));
            prop_assert!(excerpt.len() <= BEFORE + AFTER + 20, "{}", excerpt.len());
            prop_assert!(!excerpt.contains('\n'));
        }
    }

    #[test]
    fn words_are_found_by_their_beginnings_in_any_case() {
        let text = format!("{} The Otters build a holt. {}", "before ".repeat(40), "after ".repeat(60));
        let wanted = words("otter, BUILD");
        assert!(has_all(&text, &wanted) && !has_all(&text, &words("otters dam")) && !has_all(&text, &words("!?")));
        let excerpt = excerpt(&text, &wanted);
        assert!(
            excerpt.starts_with("… ") && excerpt.contains("The Otters build a holt.") && excerpt.ends_with(" …"),
            "{excerpt}"
        );
    }
}
