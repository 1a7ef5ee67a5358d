//! Sessions out of sessions, and how files became what they are.

use holt_core::diff::Hunk;
use holt_core::id::{RunId, SessionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::session::SendPrompt;

/// Makes a session out of another one. Without anything, it is a copy of all of it as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForkSession {
    /// The new session's id when the client chooses it: asked twice, the session is made once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<SessionId>,
    /// The last event that it has in common with this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// In place of `at`: before this step of a run, which is numbered from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_step: Option<u32>,
    /// The run of `before_step`; the last one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    pub files: ForkFiles,
    /// As this session's, with a word that it is a fork, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The run that was under way there takes its next step, or the first prompt that waited there is taken up. Otherwise nothing
    /// happens until somebody says something.
    pub go_on: bool,
    /// Sent as soon as the session is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<SendPrompt>,
}

/// Which files a fork has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForkFiles {
    /// As they were there: those of the newest snapshot up to it. A directory of the user's has none, and is copied as it is.
    #[default]
    Then,
    /// As they are now.
    Now,
    None,
}

/// How a file became another, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileDiff {
    pub path: String,
    /// Why no lines are shown, when none can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_shown: Option<NotShown>,
    pub hunks: Vec<Hunk>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotShown {
    /// It is not text.
    Binary,
    /// It is larger than half a mebibyte.
    TooLarge,
}
