//! The tools that are offered to other agents: their names, what they take, who may use them.

use holt_api::{Scope, SessionId, WhenBusy};
use rmcp::model::ToolAnnotations;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult};

/// How long a call waits at most.
pub(super) const MAX_WAIT_SECONDS: u64 = 600;

/// A tool as it is offered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered {
    pub name: &'static str,
    pub scope: Scope,
    description: &'static str,
    kind: Kind,
    schema: fn() -> Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reads,
    /// Changes something, and nothing is lost by it.
    Adds,
    /// What was there before may be gone.
    Changes,
}

impl Offered {
    pub fn described(self) -> rmcp::model::Tool {
        let hints = ToolAnnotations::new().read_only(self.kind == Kind::Reads).open_world(false);
        let hints = if self.kind == Kind::Reads { hints } else { hints.destructive(self.kind == Kind::Changes) };
        rmcp::model::Tool::new(self.name, self.description, std::sync::Arc::new((self.schema)())).with_annotations(hints)
    }
}

macro_rules! tools {
    ($($call:ident($arguments:ident) = $name:literal, $scope:ident, $kind:ident, $description:literal;)+) => {
        /// A call whose arguments could be read.
        #[derive(Debug)]
        pub(super) enum Call { $($call($arguments),)+ }

        impl Call {
            pub fn read(name: &str, arguments: Map<String, Value>) -> ApiResult<Self> {
                match name {
                    $($name => read(arguments).map(Self::$call),)+
                    _ => Err(ApiError::not_found()),
                }
            }
        }

        const OFFERED: &[Offered] = &[
            $(Offered {
                name: $name, scope: Scope::$scope, description: $description, kind: Kind::$kind, schema: schema::<$arguments>,
            },)+
        ];
    };
}

tools! {
    ListSessions(ListSessions) = "list_sessions", View, Reads,
        "Lists sessions, the one with the newest activity first.";
    GetSession(OneSession) = "get_session", View, Reads,
        "Shows a session as it is now: its status, its run, its queue, the questions that wait for a person, its artifacts.";
    CreateSession(CreateSession) = "create_session", Operate, Adds,
        "Makes a session: an agent with a sandbox of its own. With a `prompt`, work begins at once; with `wait_seconds`, the answer is waited for.";
    SendPrompt(SendPrompt) = "send_prompt", Operate, Adds,
        "Tells a session's agent what to do, and waits for its answer for up to `wait_seconds`. The work goes on when the wait is over.";
    WaitForSession(WaitForSession) = "wait_for_session", View, Reads,
        "Waits until a session has nothing to do, or waits for a person, and gives what its agent said after the event `after`.";
    CancelRun(OneSession) = "cancel_run", Operate, Changes,
        "Stops the run that is under way. The session stays.";
    WakeSession(OneSession) = "wake_session", Operate, Adds,
        "Opens a session's sandbox, which a screenshot needs. A prompt does it by itself.";
    StopSession(OneSession) = "stop_session", Operate, Changes,
        "Ends a session for good. Its conversation and files stay readable.";
    ListEvents(ListEvents) = "list_events", View, Reads,
        "Reads what happened in a session, event by event: messages, tool calls and their results, state changes.";
    ListFiles(ListFiles) = "list_files", View, Reads,
        "Lists a directory of a session's workspace.";
    ReadFile(ReadFile) = "read_file", View, Reads,
        "Reads a file of a session's workspace: text as text, a picture as a picture, other bytes as base64. At most 256 KiB at a time.";
    WriteFile(WriteFile) = "write_file", Operate, Changes,
        "Puts a file into a session's workspace, replacing one of that name; directories above it are made.";
    TakeScreenshot(OneSession) = "take_screenshot", View, Reads,
        "Takes a picture of a session's desktop, which is started when it does not run. There is none while a person drives.";
}

pub(super) fn offered() -> impl Iterator<Item = Offered> {
    OFFERED.iter().copied()
}

pub(super) fn find(name: &str) -> Option<Offered> {
    offered().find(|offered| offered.name == name)
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneSession {
    /// The session's id.
    #[schemars(with = "String")]
    pub session: SessionId,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ListSessions {
    /// Only sessions of these statuses: idle, running, waiting, asleep, ending, ended, failed.
    pub status: Vec<String>,
    /// Only sessions whose title contains this.
    pub query: String,
    /// 1 to 200; 50 when absent.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CreateSession {
    /// A line for people.
    pub title: Option<String>,
    /// Which agent works; the server's usual one when absent.
    pub agent: Option<String>,
    /// Which model it uses; the server's usual one when absent.
    pub model: Option<String>,
    /// Which preset of programs the sandbox has.
    pub environment: Option<String>,
    /// What the agent is to do first.
    pub prompt: Option<String>,
    /// How long to wait for its answer: 0 (not at all) to 600.
    pub wait_seconds: u64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SendPrompt {
    /// The session's id.
    #[schemars(with = "String")]
    pub session: SessionId,
    /// What the agent is to do.
    pub text: String,
    /// What to do when a run is under way: `queue` (wait for its turn), `steer` (hand it over at the next step), `interrupt` or `refuse`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub when_busy: WhenBusy,
    /// How long to wait for the answer: 0 (not at all) to 600; 60 when absent.
    #[serde(default = "a_minute")]
    pub wait_seconds: u64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitForSession {
    /// The session's id.
    #[schemars(with = "String")]
    pub session: SessionId,
    /// `last_seq` of an earlier answer: what was said up to it is not told again.
    pub after: Option<u64>,
    /// 1 to 600; 60 when absent.
    #[serde(default = "a_minute")]
    pub wait_seconds: u64,
}

fn a_minute() -> u64 {
    60
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListEvents {
    /// The session's id.
    #[schemars(with = "String")]
    pub session: SessionId,
    /// Only events after this number. Without it, the newest are read.
    pub after: Option<u64>,
    /// 1 to 200; 50 when absent.
    pub limit: Option<usize>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListFiles {
    /// The session's id.
    #[schemars(with = "String")]
    pub session: SessionId,
    /// A directory, from the workspace's top; the top itself when absent.
    #[serde(default)]
    pub path: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadFile {
    /// The session's id.
    #[schemars(with = "String")]
    pub session: SessionId,
    /// The file, from the workspace's top.
    pub path: String,
    /// From which byte on.
    #[serde(default)]
    pub offset: u64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteFile {
    /// The session's id.
    #[schemars(with = "String")]
    pub session: SessionId,
    /// The file, from the workspace's top.
    pub path: String,
    pub content: String,
    /// The content is base64 of the bytes.
    #[serde(default)]
    pub base64: bool,
}

fn read<T: DeserializeOwned>(arguments: Map<String, Value>) -> ApiResult<T> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let text: String = error.to_string().chars().filter(|c| !c.is_control()).take(300).collect();
        let hint = "The tool's schema says what it takes.";
        ApiError::new(axum::http::StatusCode::BAD_REQUEST, "bad_arguments", text, hint)
    })
}

/// The schema of a tool's arguments, without references, which not every client follows.
fn schema<T: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    let Value::Object(mut object) = schema else { return Map::new() };
    object.remove("title");
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_tool_is_described_whole() {
        let names: BTreeSet<_> = offered().map(|tool| tool.name).collect();
        assert_eq!(names.len(), OFFERED.len());
        for tool in offered() {
            let described = serde_json::to_value(tool.described()).unwrap();
            let schema = &described["inputSchema"];
            assert_eq!((schema["type"].as_str(), schema["additionalProperties"].as_bool()), (Some("object"), Some(false)));
            assert!(!schema.to_string().contains("$ref"), "{schema}");
            assert_eq!(described["annotations"]["readOnlyHint"], tool.scope == Scope::View, "{}", tool.name);
        }
    }

    #[test]
    fn nothing_that_reaches_the_host_can_be_asked_for() {
        for field in ["workspace", "policy", "network", "limits", "budget"] {
            let arguments = Map::from_iter([(field.to_owned(), Value::Null)]);
            let refusal = Call::read("create_session", arguments).unwrap_err();
            assert_eq!(refusal.code, "bad_arguments", "{field}");
        }
    }
}
