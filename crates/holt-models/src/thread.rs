//! A conversation with the rules that every provider's interface has in some form.
//!
//! Whatever turns come in, what comes out keeps them: a person begins and ends, nobody speaks twice in a row, every call is
//! answered at once and in its order, ids of calls are unique, names are plain, and nothing is empty. Pure.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use holt_core::model::{AssistantPart, CallResult, Turn};
use holt_core::tool::ToolContent;
use serde_json::Value;

const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// The longest name or id that all interfaces take.
const LONGEST_NAME: usize = 64;

/// One entry of the conversation.
#[derive(Debug, PartialEq)]
pub(crate) enum Entry<'a> {
    User(Vec<Piece<'a>>),
    Assistant(Vec<Part<'a>>),
    /// All results of the calls of the entry before, in their order.
    Results(Vec<Outcome<'a>>),
}

/// Something to read or to look at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece<'a> {
    Text(Cow<'a, str>),
    Picture { media_type: &'a str, data: &'a str },
}

/// A part of what a model said.
#[derive(Debug, PartialEq)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    Call {
        id: String,
        tool: String,
        arguments: Cow<'a, Value>,
    },
    /// What only this provider understands, as it came from it.
    Own(&'a Value),
}

/// What came of a call.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome<'a> {
    pub id: String,
    pub tool: String,
    pub pieces: Vec<Piece<'a>>,
    pub is_error: bool,
}

/// The conversation as `provider` may be told it. A model that cannot look at pictures is told that there are some.
pub(crate) fn thread<'a>(turns: &'a [Turn], provider: &str, pictures: bool) -> Vec<Entry<'a>> {
    let mut writer = Writer { provider, pictures, entries: Vec::new(), used: HashSet::new(), open: Vec::new() };
    for turn in turns {
        match turn {
            Turn::User { content } => writer.user(content),
            Turn::Results { results } => writer.answer(results),
            Turn::Assistant { parts } => writer.assistant(parts),
        }
    }
    writer.finish()
}

/// The words of some pieces, without what is to be looked at.
pub(crate) fn words(pieces: &[Piece<'_>]) -> String {
    let texts: Vec<&str> =
        pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(&**text) } else { None }).collect();
    texts.join("\n")
}

/// What is to be looked at among some pieces.
pub(crate) fn pictures<'p, 'a>(pieces: &'p [Piece<'a>]) -> impl Iterator<Item = &'p Piece<'a>> {
    pieces.iter().filter(|piece| matches!(piece, Piece::Picture { .. }))
}

/// A picture as an address that holds it whole.
pub(crate) fn data_url(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

struct Writer<'a, 'w> {
    provider: &'w str,
    pictures: bool,
    entries: Vec<Entry<'a>>,
    /// The ids of all calls so far.
    used: HashSet<String>,
    /// The calls of the last reply that have no answer yet: the model's name for each, its id here, and its tool.
    open: Vec<(String, String, String)>,
}

impl<'a> Writer<'a, '_> {
    fn user(&mut self, content: &'a [ToolContent]) {
        let pieces = self.pieces(content);
        if pieces.is_empty() {
            return;
        }
        self.answer(&[]);
        match self.entries.last_mut() {
            Some(Entry::User(last)) => last.extend(pieces),
            _ => self.entries.push(Entry::User(pieces)),
        }
    }

    fn assistant(&mut self, parts: &'a [AssistantPart]) {
        self.answer(&[]);
        let mut said = Vec::new();
        for part in parts {
            match part {
                AssistantPart::Text { text } if !is_blank(text) => said.push(Part::Text(text)),
                AssistantPart::Call { reference, tool, arguments } => {
                    let (id, tool) = (self.id_for(reference), plain(tool).unwrap_or("unknown_tool").to_owned());
                    self.open.push((reference.clone(), id.clone(), tool.clone()));
                    let empty = || Cow::Owned(Value::Object(serde_json::Map::new()));
                    let arguments = if arguments.is_object() { Cow::Borrowed(arguments) } else { empty() };
                    said.push(Part::Call { id, tool, arguments });
                }
                AssistantPart::Opaque { provider, data } if provider == self.provider => said.push(Part::Own(data)),
                _ => {}
            }
        }
        if said.is_empty() {
            return;
        }
        match self.entries.last_mut() {
            Some(Entry::Assistant(last)) => return last.extend(said),
            Some(_) => {}
            None => self.entries.push(Entry::User(vec![Piece::Text("(What was said before is left out.)".into())])),
        }
        self.entries.push(Entry::Assistant(said));
    }

    /// Answers the open calls, in their order; one that has no result is said to have none. Results of no call are left out.
    fn answer(&mut self, results: &'a [CallResult]) {
        if self.open.is_empty() {
            return;
        }
        let mut by_reference: HashMap<&str, &'a CallResult> = HashMap::new();
        for result in results {
            by_reference.entry(&result.reference).or_insert(result);
        }
        let open = std::mem::take(&mut self.open);
        let outcomes = open.into_iter().map(|(reference, id, tool)| {
            let result = by_reference.get(reference.as_str()).copied();
            let mut pieces = result.map_or_else(Vec::new, |result| self.pieces(&result.content));
            if pieces.is_empty() {
                pieces.push(Piece::Text(if result.is_some() { "(no output)" } else { "This call has no result." }.into()));
            }
            Outcome { id, tool, pieces, is_error: result.is_none_or(CallResult::is_error) }
        });
        let outcomes = outcomes.collect();
        self.entries.push(Entry::Results(outcomes));
    }

    fn pieces(&self, content: &'a [ToolContent]) -> Vec<Piece<'a>> {
        content.iter().filter_map(|content| self.piece(content)).collect()
    }

    fn piece(&self, content: &'a ToolContent) -> Option<Piece<'a>> {
        match content {
            ToolContent::Text { text } => (!is_blank(text)).then(|| Piece::Text(text.into())),
            ToolContent::Image { .. } if !self.pictures => {
                Some(Piece::Text("[a picture, which this model cannot look at]".into()))
            }
            ToolContent::Image { media_type, data } if PICTURES.contains(&media_type.as_str()) => {
                Some(Piece::Picture { media_type, data })
            }
            ToolContent::Image { media_type, .. } => {
                Some(Piece::Text(format!("[a picture of the type {media_type}, which is not shown]").into()))
            }
        }
    }

    /// The model's own name for a call where every interface takes it, else one like it.
    fn id_for(&mut self, reference: &str) -> String {
        let mut id = plain(reference).unwrap_or_default().to_owned();
        let mut number = self.used.len();
        while id.is_empty() || self.used.contains(&id) {
            id = format!("call_{number}");
            number += 1;
        }
        self.used.insert(id.clone());
        id
    }

    fn finish(mut self) -> Vec<Entry<'a>> {
        self.answer(&[]);
        if matches!(self.entries.last(), None | Some(Entry::Assistant(_))) {
            self.entries.push(Entry::User(vec![Piece::Text("Please go on.".into())]));
        }
        self.entries
    }
}

/// Ids and names are letters, digits, `_` and `-` to these interfaces.
fn plain(name: &str) -> Option<&str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (!name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits)).then_some(name)
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
