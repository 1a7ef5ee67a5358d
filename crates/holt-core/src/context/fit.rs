//! How much turns take, and how they are made to take less.

use crate::model::{AssistantPart, Turn};
use crate::tool::{ToolContent, cut_in_the_middle};

/// The newest turns, which are shown whole as long as there is any space for them.
pub(super) const WHOLE_TURNS: usize = 6;
/// How much of an older tool result is kept once the budget is short.
const SHORT_RESULT_BYTES: usize = 1024;
/// What is only so much longer stays as it is; so does what was cut, with the note that says so.
const CUT_SLACK_BYTES: usize = 64;
const NO_PICTURE: &str = "[a picture that is no longer shown]";

/// What something takes, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub whole: usize,
    /// At least this much, without its pictures.
    pub text: usize,
    /// At least this much, however it is cut.
    pub least: usize,
}

impl Size {
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            whole: self.whole.saturating_add(other.whole),
            text: self.text.saturating_add(other.text),
            least: self.least.saturating_add(other.least),
        }
    }

    /// Of what is never changed.
    fn fixed(bytes: usize) -> Self {
        Self { whole: bytes, text: bytes, least: bytes }
    }
}

pub(super) fn size(turns: &[Turn]) -> Size {
    turns.iter().map(turn_size).fold(Size::default(), Size::plus)
}

/// What people say. Nothing of it is ever taken away.
pub(super) fn content_size(content: &[ToolContent]) -> Size {
    let bytes = content.iter().map(|part| match part {
        ToolContent::Text { text } => text.len(),
        ToolContent::Image { data, .. } => data.len(),
    });
    Size::fixed(bytes.sum())
}

pub(super) fn turn_size(turn: &Turn) -> Size {
    let part_size = |part: &AssistantPart| match part {
        AssistantPart::Text { text } | AssistantPart::Reasoning { text } => text.len(),
        AssistantPart::Call { arguments, .. } => arguments.to_string().len() + 40,
        AssistantPart::Opaque { data, .. } => data.to_string().len(),
    };
    match turn {
        Turn::User { content } => content_size(content),
        Turn::Assistant { parts } => Size::fixed(parts.iter().map(part_size).sum()),
        Turn::Results { results } => {
            let parts = results.iter().flat_map(|result| &result.content).map(result_size);
            parts.fold(Size::fixed(20 * results.len()), Size::plus)
        }
    }
}

fn result_size(part: &ToolContent) -> Size {
    match part {
        ToolContent::Text { text } => Size { whole: text.len(), text: text.len(), least: text.len().min(SHORT_RESULT_BYTES) },
        ToolContent::Image { data, .. } => {
            let without = data.len().min(NO_PICTURE.len());
            Size { whole: data.len(), text: without, least: without }
        }
    }
}

/// Takes the pictures out of results.
pub(super) fn drop_pictures(turn: &mut Turn) {
    for part in result_parts(turn) {
        if matches!(part, ToolContent::Image { .. }) {
            *part = ToolContent::Text { text: NO_PICTURE.into() };
        }
    }
}

/// Cuts results. What was cut already stays as it is.
pub(super) fn shorten(turn: &mut Turn) {
    for part in result_parts(turn) {
        if let ToolContent::Text { text } = part
            && text.len() > SHORT_RESULT_BYTES + CUT_SLACK_BYTES
        {
            *text = cut_in_the_middle(text, SHORT_RESULT_BYTES);
        }
    }
}

fn result_parts(turn: &mut Turn) -> impl Iterator<Item = &mut ToolContent> {
    let results = match turn {
        Turn::Results { results } => results.as_mut_slice(),
        _ => &mut [],
    };
    results.iter_mut().flat_map(|result| &mut result.content)
}

/// Drops the agent's oldest turns until that much is saved, each together with its results, so that no call stands without
/// one. Keeps the last exchange.
pub(super) fn drop_exchanges(turns: Vec<Turn>, mut excess: usize, measure: fn(Size) -> usize) -> Vec<Turn> {
    if excess == 0 {
        return turns;
    }
    let last = turns.iter().rposition(|turn| matches!(turn, Turn::Assistant { .. }));
    let mut kept: Vec<Turn> = Vec::with_capacity(turns.len());
    let mut is_dropped = false;
    for (at, turn) in turns.into_iter().enumerate() {
        is_dropped = match turn {
            Turn::Assistant { .. } => excess > 0 && Some(at) != last,
            Turn::Results { .. } => is_dropped,
            Turn::User { .. } => false,
        };
        if is_dropped {
            excess = excess.saturating_sub(measure(turn_size(&turn)));
        } else {
            put(&mut kept, turn);
        }
    }
    kept
}

/// Two turns of people that stand side by side become one: providers want them to alternate.
pub(super) fn put(turns: &mut Vec<Turn>, turn: Turn) {
    match (turns.last_mut(), turn) {
        (Some(Turn::User { content }), Turn::User { content: more }) => content.extend(more),
        (_, turn) => turns.push(turn),
    }
}
