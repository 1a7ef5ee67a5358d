//! The arguments of every tool. The comments on the fields are what a model reads.

use schemars::JsonSchema;
use serde::Deserialize;

use super::lenient;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadFile {
    /// The file, relative to the workspace or absolute.
    pub path: String,
    /// The first line to return, counting from 1. Default: 1.
    #[serde(default, deserialize_with = "lenient::number")]
    pub offset: Option<u64>,
    /// How many lines to return at most. Default: as many as fit.
    #[serde(default, deserialize_with = "lenient::number")]
    pub limit: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteFile {
    /// The file, relative to the workspace or absolute.
    pub path: String,
    /// The whole new content.
    pub content: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditFile {
    /// The file, relative to the workspace or absolute.
    pub path: String,
    /// The text to replace, exactly as it stands in the file, with enough of its surroundings to occur only once.
    pub old_text: String,
    /// What to put in its place.
    pub new_text: String,
    /// Replace every occurrence. Default: false.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub replace_all: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListFiles {
    /// The directory. Default: the workspace.
    #[serde(default)]
    pub path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindFiles {
    /// The glob pattern.
    pub pattern: String,
    /// The directory to look in. Default: the workspace.
    #[serde(default)]
    pub path: Option<String>,
    /// Look also at what `.gitignore` names. Default: false.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub include_ignored: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchText {
    /// The regular expression, or the plain text when `literal` is true.
    pub pattern: String,
    /// The directory or file to look in. Default: the workspace.
    #[serde(default)]
    pub path: Option<String>,
    /// Look only into files that match this glob pattern, such as `*.py`.
    #[serde(default)]
    pub glob: Option<String>,
    /// Take `pattern` as plain text. Default: false.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub literal: Option<bool>,
    /// Take upper and lower case as the same. Default: false.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub ignore_case: Option<bool>,
    /// Look also at what `.gitignore` names. Default: false.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub include_ignored: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDirectory {
    /// The directory, relative to the workspace or absolute.
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteFile {
    /// The file or directory, relative to the workspace or absolute.
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteCommand {
    /// The command, as one would type it into a shell.
    pub command: String,
    /// The directory to run it in. Default: the workspace.
    #[serde(default)]
    pub cwd: Option<String>,
    /// After how many seconds it is killed. Default: 30.
    #[serde(default, deserialize_with = "lenient::number")]
    #[schemars(range(min = 1, max = 600))]
    pub timeout_seconds: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteCommandAsync {
    /// The command, as one would type it into a shell.
    pub command: String,
    /// The directory to run it in. Default: the workspace.
    #[serde(default)]
    pub cwd: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenEditor {
    /// The file or directory to open.
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadProcessOutput {
    /// The process id that `execute_command_async` returned.
    #[serde(deserialize_with = "lenient::pid")]
    #[schemars(with = "String")]
    pub pid: i32,
    /// From which byte of the output on. Default: the oldest that is kept.
    #[serde(default, deserialize_with = "lenient::number")]
    pub offset: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListProcesses {}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KillProcess {
    /// The process id.
    #[serde(deserialize_with = "lenient::pid")]
    #[schemars(with = "String")]
    pub pid: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishArtifact {
    /// The file, relative to the workspace or absolute.
    pub path: String,
    /// The name that the download gets. Default: the file's own name.
    #[serde(default)]
    pub name: Option<String>,
}
