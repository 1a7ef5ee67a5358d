//! Compaction: where a conversation is cut, what stands for its older part, and what is written down of it.

use std::collections::BTreeMap;

use super::Planner;
use super::fit::{Size, size, turn_size};
use super::said::{self, Said, fitting};
use crate::event::{ContextCompacted, Seq};
use crate::model::{AssistantPart, Turn};
use crate::plan::{self, PlanItem};
use crate::tool::{ToolContent, cut_in_the_middle};

/// The longest summary.
pub const MAX_SUMMARY_BYTES: usize = 16 * 1024;
/// The most room that people's words have beside a summary, whatever the budget.
const MAX_SAID_BYTES: usize = 256 * 1024;
/// A conversation is compacted when its text takes so many quarters of the budget.
const FULL_QUARTERS: usize = 3;
/// One result in what is given to be summed up, in bytes.
const RESULT_BYTES: usize = 1500;

/// What stands for the compacted part.
#[derive(Debug)]
pub(super) struct Head {
    pub seq: Seq,
    pub bytes: usize,
    text: String,
    compacted: ContextCompacted,
}

impl Head {
    fn new(seq: Seq, compacted: ContextCompacted) -> Self {
        let mut text = said::in_words(&compacted.said, compacted.left_out);
        text.push_str("\n[What was done so far, summed up because the conversation had grown long:]\n\n");
        text.push_str(&compacted.summary);
        if plan::is_unfinished(&compacted.plan) {
            text.push_str("\n\n[Your plan as it stood then:]\n\n");
            text.push_str(&plan::in_words(&compacted.plan));
        }
        text.push_str("\n\n[The conversation goes on from here.]");
        Self { seq, bytes: text.len(), text, compacted }
    }

    pub fn turn(&self) -> Turn {
        Turn::User { content: vec![ToolContent::Text { text: self.text.clone() }] }
    }
}

/// A compaction that waits for its summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub from: Seq,
    pub through: Seq,
    pub reads_from: Seq,
    pub said: Vec<Said>,
    pub left_out: u64,
    pub plan: Vec<PlanItem>,
    /// What the model sees before it, in bytes of text.
    pub before_bytes: u64,
    /// The summary of what was before.
    earlier: Option<String>,
    turns: Vec<Turn>,
}

impl Planner {
    /// Takes a compaction: what it tells is shown no more.
    pub(super) fn compacted(&mut self, seq: Seq, compacted: ContextCompacted) {
        self.conversation.forget_until(compacted.through);
        if self.items.is_empty() {
            self.items.clone_from(&compacted.plan);
        }
        self.head = Some(Head::new(seq, compacted));
        self.ever = size(&self.conversation.turns);
        (self.gone, self.held, self.undone_at, self.is_wanted) = (0, self.ever.whole, 0, false);
        self.room = self.most;
    }

    /// What the text of the conversation takes, as it is.
    pub(super) fn text(&self) -> usize {
        let end = self.conversation.open_end().iter().map(turn_size).fold(Size::default(), Size::plus);
        self.head_size() + self.gone + size(&self.conversation.turns).plus(end).text
    }

    /// What is to be compacted, if it is time for that or somebody wants it: all but the newest quarter of the budget, and never
    /// the last exchange.
    pub fn draft(&self, budget_bytes: usize) -> Option<Draft> {
        let budget = budget_bytes.min(self.most);
        let text = self.text();
        let rested = self.undone_at == 0 || text > self.undone_at.saturating_add(budget / 4);
        if !(self.is_wanted || (rested && text > budget / 4 * FULL_QUARTERS)) {
            return None;
        }
        let cut = self.cut(if text > budget / 2 { budget / 4 } else { 0 })?;
        let covered = &self.conversation.turns[..cut];
        let through = self.conversation.turns[cut].from.checked_sub(1)?;
        let before = self.head.as_ref().map(|head| &head.compacted);
        let said = before.map(|before| before.said.clone()).into_iter().flatten().chain(said::said(covered)).collect();
        let (said, left_out) = fitting(said, (budget / 4).min(MAX_SAID_BYTES));
        Some(Draft {
            from: before.map_or(1, |before| before.through + 1),
            through,
            reads_from: self.conversation.reads_from(through),
            said,
            left_out: left_out + before.map_or(0, |before| before.left_out),
            plan: if plan::is_unfinished(&self.items) { self.items.clone() } else { Vec::new() },
            before_bytes: text as u64,
            earlier: before.map(|before| before.summary.clone()),
            turns: covered.iter().map(|placed| placed.turn.clone()).collect(),
        })
    }

    /// The turn before which it is cut, so that no more than `keep` bytes stand behind it, if that leaves the last exchange.
    fn cut(&self, keep: usize) -> Option<usize> {
        let turns = &self.conversation.turns;
        let last = turns.iter().rposition(|placed| matches!(placed.turn, Turn::Assistant { .. }))?;
        // Two turns that began with one event cannot be parted.
        let parts = |at: usize| at > 0 && !matches!(turns[at].turn, Turn::Results { .. }) && turns[at - 1].from < turns[at].from;
        let mut kept = size(&turns[last..]).text;
        let mut cut = parts(last).then_some(last);
        for at in (1..last).rev() {
            kept += turn_size(&turns[at].turn).text;
            if kept > keep && cut.is_some() {
                break;
            }
            if parts(at) {
                cut = Some(at);
            }
        }
        // There has to be something to sum up.
        cut.filter(|cut| turns[..*cut].iter().any(|placed| matches!(placed.turn, Turn::Assistant { .. })))
    }
}

impl Draft {
    /// What happened, as text for a model that is to sum it up, within about so many bytes.
    pub fn transcript(&self, most: usize) -> String {
        let mut text = String::new();
        if let Some(earlier) = &self.earlier {
            text.push_str(&format!("SUMMARY OF WHAT WAS BEFORE\n{earlier}\n\n"));
        }
        for turn in &self.turns {
            text.push_str(&in_words(turn));
        }
        cut_in_the_middle(&text, most)
    }

    /// A summary that needs no model: less, but true.
    pub fn digest(&self) -> String {
        let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
        let mut last_words = "";
        let parts = self.turns.iter().flat_map(|turn| match turn {
            Turn::Assistant { parts } => parts.as_slice(),
            _ => &[],
        });
        for part in parts {
            match part {
                AssistantPart::Call { tool, .. } => *calls.entry(tool).or_default() += 1,
                AssistantPart::Text { text } if !text.trim().is_empty() => last_words = text,
                _ => {}
            }
        }
        let calls: Vec<String> = calls.iter().map(|(tool, count)| format!("{tool} {count}")).collect();
        let earlier = self.earlier.as_ref().map(|earlier| format!("{}\n\n", cut_in_the_middle(earlier, MAX_SUMMARY_BYTES / 2)));
        format!(
            "{}No model could sum this part up. {} turns are left out. Calls made in them: {}. The last that you said in them: {}",
            earlier.unwrap_or_default(),
            self.turns.len(),
            if calls.is_empty() { "none".into() } else { calls.join(", ") },
            if last_words.is_empty() { "nothing" } else { &last_words[..last_words.floor_char_boundary(2000)] },
        )
    }
}

fn in_words(turn: &Turn) -> String {
    let content = |content: &[ToolContent], most: usize| -> String {
        let part = |part: &ToolContent| match part {
            ToolContent::Text { text } => cut_in_the_middle(text, most),
            ToolContent::Image { .. } => "[a picture]".into(),
        };
        content.iter().map(part).collect::<Vec<_>>().join("\n")
    };
    match turn {
        Turn::User { content: said } => format!("PERSON\n{}\n\n", content(said, 4 * RESULT_BYTES)),
        Turn::Assistant { parts } => {
            let part = |part: &AssistantPart| match part {
                AssistantPart::Text { text } => Some(format!("AGENT\n{text}\n\n")),
                AssistantPart::Call { tool, arguments, .. } => {
                    Some(format!("AGENT CALLS {tool} {}\n\n", cut_in_the_middle(&arguments.to_string(), RESULT_BYTES)))
                }
                AssistantPart::Reasoning { .. } | AssistantPart::Opaque { .. } => None,
            };
            parts.iter().filter_map(part).collect()
        }
        Turn::Results { results } => {
            let result = |result: &crate::model::CallResult| {
                format!("RESULT ({:?})\n{}\n\n", result.status, content(&result.content, RESULT_BYTES))
            };
            results.iter().map(result).collect()
        }
    }
}
