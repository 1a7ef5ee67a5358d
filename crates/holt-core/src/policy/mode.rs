//! The modes of a session: what holds where no rule speaks.

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::subject::Subject;
use crate::tool::Place;

/// How freely an agent works. It can be changed while the session lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Mode {
    /// It looks and makes a plan: the workspace cannot be written to, and nothing leaves the sandbox.
    Plan,
    /// It asks before whatever changes something.
    Ask,
    /// It edits files of the workspace, and asks before everything else.
    AcceptEdits,
    /// Inside its sandbox it may do everything that the policy does not forbid.
    #[default]
    Full,
}

impl Mode {
    pub const ALL: [Self; 4] = [Self::Plan, Self::Ask, Self::AcceptEdits, Self::Full];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Ask => "ask",
            Self::AcceptEdits => "accept_edits",
            Self::Full => "full",
        }
    }

    /// By its word; `accept-edits` is one too.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word.replace('-', "_"))
    }

    pub fn is_full(&self) -> bool {
        *self == Self::Full
    }

    /// How much it lets an agent do unasked: more where it is larger.
    pub fn freedom(self) -> u8 {
        self as u8
    }

    /// The sandbox shows the workspace without letting it be changed, and lets nothing out.
    pub fn reads_only(self) -> bool {
        self == Self::Plan
    }

    /// What holds where no rule speaks.
    pub(super) fn otherwise(self, subject: &Subject<'_>) -> Verdict {
        match self {
            Self::Full => Verdict::Allow,
            // What it says of itself is somebody else's word.
            _ if subject.tool.place == Place::Elsewhere => Verdict::Ask,
            _ if subject.tool.reads_only || subject.tool.place == Place::Session => Verdict::Allow,
            Self::AcceptEdits if subject.edits_the_workspace() => Verdict::Allow,
            Self::Ask | Self::AcceptEdits => Verdict::Ask,
            Self::Plan => Verdict::Allow,
        }
    }

    /// What holds whatever rules say. The wall is the sandbox; this spares the agent from running into it.
    pub(super) fn forbids(self, subject: &Subject<'_>) -> bool {
        let changes = subject.edits() || (subject.tool.place == Place::Elsewhere && !subject.tool.reads_only);
        self == Self::Plan && changes
    }
}
