//! How much turns take, and how they are made to take less.

use crate::event::Seq;
use crate::model::{AssistantPart, Turn};
use crate::tool::{ToolContent, cut_in_the_middle};

/// The newest turns, which are shown whole as long as there is any space for them.
pub(super) const WHOLE_TURNS: usize = 6;
/// Turns grow old so many at a time, so that what stands before them stays the same for a while: providers keep what they
/// have read of a conversation only up to the first change.
const STRIDE: usize = 6;
/// What is dropped, is dropped by so many parts of the budget at a time, for the same reason.
const STRIDES_OF_BUDGET: usize = 5;
/// What a picture takes at least, as bytes of text that cost a model as much, and what a large one takes beyond that.
const PICTURE_BYTES: usize = 6000;
const PICTURE_SHARE: usize = 16;
/// How much of an older tool result is kept once the budget is short.
const SHORT_RESULT_BYTES: usize = 1024;
/// What is only so much longer stays as it is; so does what was cut, with the note that says so.
const CUT_SLACK_BYTES: usize = 64;
const NO_PICTURE: &str = "[a picture that is no longer shown]";

/// A turn, the event with which it began, and how many were before it.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub from: Seq,
    pub number: usize,
    pub turn: Turn,
}

/// Turns before this one are old, when there were so many.
pub(super) fn old_before(count: usize) -> usize {
    count.saturating_sub(WHOLE_TURNS) / STRIDE * STRIDE
}

/// How much is dropped, when so much is too much.
pub(super) fn in_strides(excess: usize, budget: usize) -> usize {
    let stride = (budget / STRIDES_OF_BUDGET).max(1);
    excess.div_ceil(stride).saturating_mul(stride)
}

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

pub(super) fn size(turns: &[Placed]) -> Size {
    turns.iter().map(|placed| turn_size(&placed.turn)).fold(Size::default(), Size::plus)
}

/// What people say. Nothing of it is ever taken away.
pub(super) fn content_size(content: &[ToolContent]) -> Size {
    let bytes = content.iter().map(|part| match part {
        ToolContent::Text { text } => text.len(),
        ToolContent::Image { data, .. } => picture_size(data),
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
            Size { whole: picture_size(data), text: without, least: without }
        }
    }
}

/// Models count a picture by its pixels, not by its bytes; but a request has to be sent, too.
fn picture_size(data: &str) -> usize {
    data.len().min(PICTURE_BYTES + data.len() / PICTURE_SHARE)
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
/// one. Keeps the last exchange, and says how much was dropped.
pub(super) fn drop_exchanges(
    turns: Vec<Placed>,
    excess: usize,
    before: usize,
    measure: fn(Size) -> usize,
) -> (Vec<Placed>, usize) {
    if excess == 0 {
        return (turns, 0);
    }
    let last = turns.iter().rposition(|placed| matches!(placed.turn, Turn::Assistant { .. }));
    let mut kept: Vec<Placed> = Vec::with_capacity(turns.len());
    let (mut is_dropped, mut saved, mut dropped) = (false, 0, 0);
    for (at, placed) in turns.into_iter().enumerate() {
        is_dropped = match placed.turn {
            Turn::Assistant { .. } => saved < excess && Some(at) != last && placed.number + 1 < before,
            Turn::Results { .. } => is_dropped,
            Turn::User { .. } => false,
        };
        if is_dropped {
            let size = turn_size(&placed.turn);
            saved += measure(size);
            dropped += size.whole;
        } else {
            put(&mut kept, placed);
        }
    }
    (kept, dropped)
}

/// Two turns of people that stand side by side become one: providers want them to alternate.
pub(super) fn put(turns: &mut Vec<Placed>, placed: Placed) {
    match (turns.last_mut().map(|last| &mut last.turn), placed.turn) {
        (Some(Turn::User { content }), Turn::User { content: more }) => content.extend(more),
        (_, turn) => turns.push(Placed { turn, ..placed }),
    }
}
