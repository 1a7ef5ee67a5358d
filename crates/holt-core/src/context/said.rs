//! What people said, kept beside a summary in their own words.

use serde::{Deserialize, Serialize};

use super::fit::Placed;
use super::takeover::is_about_takeover;
use crate::event::Seq;
use crate::model::Turn;
use crate::tool::{ToolContent, cut_in_the_middle};

/// Of the room for people's words, the first of them, which mostly says what all is about, may take so much.
const FIRST_SHARE: usize = 2;
/// An older message that does not fit any more is cut to this.
const SHORT_BYTES: usize = 300;

/// Something that people said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Said {
    /// Where in the log it was said.
    pub at: Seq,
    pub text: String,
}

/// What people said in these turns.
pub(super) fn said(turns: &[Placed]) -> Vec<Said> {
    let mut said = Vec::new();
    for placed in turns {
        let Turn::User { content } = &placed.turn else { continue };
        for part in content {
            if let ToolContent::Text { text } = part
                && !is_about_takeover(text)
            {
                said.push(Said { at: placed.from, text: text.clone() });
            }
        }
    }
    said
}

/// As much of it as there is room for: the first, then the newest, whole; what is between is cut, or left out. Says how much
/// was left out. Nothing happens to it in the log.
pub(super) fn fitting(mut said: Vec<Said>, room: usize) -> (Vec<Said>, u64) {
    let cost = |said: &Said| said.text.len() + 12;
    if said.iter().map(cost).sum::<usize>() <= room {
        return (said, 0);
    }
    let rest = said.split_off(said.len().min(1));
    let first = said.into_iter().map(|first| Said { text: cut_in_the_middle(&first.text, room / FIRST_SHARE), ..first });
    let mut kept: Vec<Said> = first.collect();
    let mut left = room.saturating_sub(kept.iter().map(cost).sum());
    let (mut newest, mut left_out) = (Vec::new(), 0);
    for one in rest.into_iter().rev() {
        // What was once left out makes no room for what is older still.
        let short = (cost(&one) > left / 2).then(|| cut_in_the_middle(&one.text, SHORT_BYTES));
        let one = short.map_or_else(|| one.clone(), |text| Said { text, ..one });
        if left_out > 0 || cost(&one) > left {
            left_out += 1;
        } else {
            left -= cost(&one);
            newest.push(one);
        }
    }
    kept.extend(newest.into_iter().rev());
    (kept, left_out)
}

/// What people said, in words for a model.
pub(super) fn in_words(said: &[Said], left_out: u64) -> String {
    let mut text = String::from(
        "[What people have said so far, oldest first, in their own words. It holds as long as nothing later changes it.]\n",
    );
    for (at, one) in said.iter().enumerate() {
        if at == 1 && left_out > 0 {
            text.push_str(&format!("\n[… {left_out} messages between are left out here; the session's log has them.]\n"));
        }
        text.push_str(&format!("\n{}. {}\n", at + 1, one.text));
    }
    text
}
