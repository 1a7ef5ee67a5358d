//! A question to a person about a call: what it is bound to, and what an answer for the whole session allows.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::subject::{Host, Subject, place};
use crate::event::Seq;
use crate::id::{CallId, RunId, SessionId};
use crate::session::{Network, WorkspaceSpec};
use crate::time::Timestamp;

/// A question that waits for its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Question {
    /// Names exactly what would run: an answer has to say it. It covers the session, the run, the call, the tool and its arguments,
    /// the directory of the workspace, the environment, the network and the mode of the session. It does not cover what the files
    /// hold that a command names.
    pub hash: String,
    /// Why it is asked, in words for people.
    pub why: String,
    /// What allowing it for this session would allow from then on.
    pub for_session: Grant,
}

/// What a person allowed until the session ends. As narrow as the question was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Grant {
    /// This command, to the letter, in this directory.
    Command { tool: String, command: String, directory: String },
    /// This tool on these paths.
    Paths { tool: String, paths: Vec<String> },
    /// This tool at this host.
    Host { tool: String, host: String },
    /// This call, with these arguments.
    Call {
        tool: String,
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        arguments: Value,
    },
}

/// A grant as it is kept: until the session ends, or somebody takes it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptGrant {
    /// The number of the event that gave it; what earlier versions kept has none.
    #[serde(default)]
    pub id: Seq,
    #[serde(flatten)]
    pub grant: Grant,
    /// Who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl Grant {
    pub(super) fn of(subject: &Subject<'_>, arguments: &Value, workspace: &WorkspaceSpec) -> Self {
        let tool = subject.tool.name.clone();
        match (arguments.get("command"), subject.hosts.as_slice()) {
            (Some(Value::String(command)), _) => {
                Self::Command { tool, command: command.clone(), directory: directory(arguments, workspace) }
            }
            (None, [Host::Named(host)]) if subject.paths.is_empty() => Self::Host { tool, host: host.clone() },
            (None, []) if !subject.paths.is_empty() => Self::Paths { tool, paths: subject.paths.clone() },
            _ => Self::Call { tool, arguments: arguments.clone() },
        }
    }

    pub(super) fn covers(&self, subject: &Subject<'_>, arguments: &Value, workspace: &WorkspaceSpec) -> bool {
        *self == Self::of(subject, arguments, workspace)
    }
}

/// The directory that a call names, or the workspace.
fn directory(arguments: &Value, workspace: &WorkspaceSpec) -> String {
    place(arguments.get("cwd").and_then(Value::as_str).unwrap_or("."), workspace)
}

/// What a question is bound to.
#[derive(Debug, Clone, Copy)]
pub struct QuestionParts<'a> {
    pub session: SessionId,
    pub run: RunId,
    pub call: CallId,
    pub tool: &'a str,
    pub arguments: &'a Value,
    pub workspace: &'a WorkspaceSpec,
    pub environment: &'a str,
    pub network: &'a Network,
    pub mode: super::Mode,
}

impl QuestionParts<'_> {
    /// The same for the same parts, whatever the order in which arguments came.
    pub fn hash(&self) -> String {
        let Self { session, run, call, tool, arguments, workspace, environment, network, mode } = self;
        let whole = json!({
            "what": "holt question 1",
            "session": session,
            "run": run,
            "call": call,
            "tool": tool,
            "arguments": arguments,
            "directory": directory(arguments, workspace),
            "workspace": workspace,
            "environment": environment,
            "network": network,
            "mode": mode,
        });
        let mut text = String::new();
        canonical(&whole, &mut text);
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// JSON with the names of each object in order, whatever the map's own order is.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut names: Vec<&String> = map.keys().collect();
            names.sort();
            out.push('{');
            for name in names {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                canonical(&map[name], out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}
