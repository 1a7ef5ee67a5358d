//! What the toolbox can do: one entry per tool, and the typed call that its arguments make.
//!
//! The server answers from this list and the world outside reads the same list, so neither has to trust the other. The
//! schema of a tool is made from the type that its arguments are read into; the two cannot drift apart.

/// Arguments of tools that are little more than a list.
macro_rules! arguments {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
        )+
    };
}

mod arguments;
pub mod browser;
mod lenient;
mod schema;
pub mod screen;

use std::fmt;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use arguments::*;
use browser::BrowserCall;
use screen::ScreenCall;

/// The time that a command gets when its caller names none.
pub const DEFAULT_TIMEOUT_SECONDS: u64 = 30;
/// The most time that a caller may ask for.
pub const MAX_TIMEOUT_SECONDS: u64 = 600;

/// A tool, as it is offered to a model.
#[derive(Debug, Clone)]
pub struct Tool {
    pub name: &'static str,
    /// What it is for, in words for a model.
    pub description: &'static str,
    /// JSON schema of the arguments.
    pub input_schema: Map<String, Value>,
    /// Changes nothing.
    pub reads_only: bool,
    /// Calls of it may run beside other calls.
    pub parallel: bool,
    /// Changes files itself.
    pub writes: bool,
    /// Runs a command, which may do anything that the sandbox allows.
    pub runs_commands: bool,
    /// Is about the screen, so a desktop has to run.
    pub screen: bool,
    /// Is served in the browser's room, not in the one with the workspace.
    pub browser: bool,
    /// Holt's own agent is offered it. The others are for clients that know them by name, and do what an offered one does.
    pub offered: bool,
}

/// Every tool, in the order in which a model should read them.
pub fn catalogue() -> &'static [Tool] {
    static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(tools);
    &TOOLS
}

/// The tool of that name.
pub fn find(name: &str) -> Option<&'static Tool> {
    catalogue().iter().find(|tool| tool.name == name)
}

/// A call with its arguments read and checked for their form. Whether it may run is not decided here.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    ReadFile(ReadFile),
    WriteFile(WriteFile),
    EditFile(EditFile),
    ListFiles(ListFiles),
    FindFiles(FindFiles),
    SearchText(SearchText),
    CreateDirectory(CreateDirectory),
    DeleteFile(DeleteFile),
    ExecuteCommand(ExecuteCommand),
    ExecuteCommandAsync(ExecuteCommandAsync),
    OpenEditor(OpenEditor),
    ReadProcessOutput(ReadProcessOutput),
    ListProcesses(ListProcesses),
    KillProcess(KillProcess),
    PublishArtifact(PublishArtifact),
    Screen(ScreenCall),
    Browser(Box<BrowserCall>),
}

/// Why a call cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadCall {
    /// There is no tool of that name.
    UnknownTool(String),
    /// The arguments do not fit; the text says how, in words for a model.
    BadArguments(String),
}

impl fmt::Display for BadCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTool(name) => write!(out, "there is no tool named `{}`", name.escape_debug()),
            Self::BadArguments(reason) => out.write_str(reason),
        }
    }
}

impl std::error::Error for BadCall {}

impl Call {
    /// Reads the arguments of a call of the tool `name`.
    ///
    /// # Errors
    /// When there is no such tool, or the arguments do not fit it.
    pub fn read(name: &str, arguments: Map<String, Value>) -> Result<Self, BadCall> {
        Ok(match name {
            "read_file" => Self::ReadFile(read(name, arguments)?),
            "write_file" => Self::WriteFile(read(name, arguments)?),
            "edit_file" => Self::EditFile(read(name, arguments)?),
            "list_files" => Self::ListFiles(read(name, arguments)?),
            "find_files" => Self::FindFiles(read(name, arguments)?),
            "search_text" => Self::SearchText(read(name, arguments)?),
            "create_directory" => Self::CreateDirectory(read(name, arguments)?),
            "delete_file" => Self::DeleteFile(read(name, arguments)?),
            "execute_command" => Self::ExecuteCommand(read(name, arguments)?),
            "execute_command_async" => Self::ExecuteCommandAsync(read(name, arguments)?),
            "open_vscode" => Self::OpenEditor(read(name, arguments)?),
            "read_process_output" => Self::ReadProcessOutput(read(name, arguments)?),
            "list_processes" => Self::ListProcesses(read(name, arguments)?),
            "kill_process" => Self::KillProcess(read(name, arguments)?),
            "publish_artifact" => Self::PublishArtifact(read(name, arguments)?),
            other if browser::is_browser(other) => Self::Browser(Box::new(browser::read_browser(other, arguments)?)),
            other => {
                let unknown = || Err(BadCall::UnknownTool(other.to_owned()));
                Self::Screen(screen::read_screen(other, arguments).unwrap_or_else(unknown)?)
            }
        })
    }
}

fn read<T: DeserializeOwned>(name: &str, arguments: Map<String, Value>) -> Result<T, BadCall> {
    serde_json::from_value(Value::Object(arguments))
        .map_err(|error| BadCall::BadArguments(format!("the arguments of `{name}` do not fit: {error}")))
}

/// What a tool touches; see the fields of [`Tool`].
#[derive(Clone, Copy)]
enum Touches {
    Nothing,
    Files,
    Commands,
    /// Something else, such as a process or what is handed out.
    Other,
}

fn tool<Arguments: JsonSchema>(name: &'static str, touches: Touches, description: &'static str) -> Tool {
    Tool {
        name,
        description,
        input_schema: schema::of::<Arguments>(),
        reads_only: matches!(touches, Touches::Nothing),
        parallel: matches!(touches, Touches::Nothing),
        writes: matches!(touches, Touches::Files),
        runs_commands: matches!(touches, Touches::Commands),
        screen: false,
        browser: false,
        offered: true,
    }
}

fn tools() -> Vec<Tool> {
    [file_tools(), process_tools(), screen::screen_tools(), browser::browser_tools()].concat()
}

fn file_tools() -> Vec<Tool> {
    vec![
        tool::<ReadFile>(
            "read_file",
            Touches::Nothing,
            "Read a text file. Returns the whole file, or the part that `offset` and `limit` (in lines) name. A long \
             file is returned in parts; the answer says how to read the next one.",
        ),
        tool::<WriteFile>(
            "write_file",
            Touches::Files,
            "Write a file, replacing it if it exists. Missing parent directories are made. To change a part of an \
             existing file use `edit_file`.",
        ),
        tool::<EditFile>(
            "edit_file",
            Touches::Files,
            "Replace text in a file. `old_text` must be exactly what stands in the file, whitespace included, and must \
             occur once, unless `replace_all` is true. Read the file first.",
        ),
        tool::<ListFiles>("list_files", Touches::Nothing, "List a directory: one line per entry."),
        tool::<FindFiles>(
            "find_files",
            Touches::Nothing,
            "Find files by a glob pattern such as `*.rs`, `src/**/*.ts` or `{a,b}.json`. A pattern without a slash \
             matches names in every directory. What `.gitignore` names is left out.",
        ),
        tool::<SearchText>(
            "search_text",
            Touches::Nothing,
            "Search the contents of files for a regular expression, or for plain text with `literal`. Returns \
             `file:line: text` for each line that matches. What `.gitignore` names and binary files are left out.",
        ),
        tool::<CreateDirectory>(
            "create_directory",
            Touches::Files,
            "Make a directory and its missing parents. It may exist already.",
        ),
        tool::<DeleteFile>(
            "delete_file",
            Touches::Files,
            "Delete a file, or a directory with everything in it. A symbolic link is deleted, never what it leads to.",
        ),
        tool::<PublishArtifact>(
            "publish_artifact",
            Touches::Other,
            "Hand a finished file of the workspace to the user, as a download.",
        ),
    ]
}

fn process_tools() -> Vec<Tool> {
    vec![
        tool::<ExecuteCommand>(
            "execute_command",
            Touches::Commands,
            "Run a shell command and wait for it. Returns its exit code and output. There is no terminal and no input. \
             After the time limit (30 seconds, or `timeout_seconds`) it is killed with everything it started. For \
             servers and other programs that go on running use `execute_command_async`.",
        ),
        tool::<ExecuteCommandAsync>(
            "execute_command_async",
            Touches::Commands,
            "Start a shell command in the background and return its process id at once: for servers, watchers and \
             programs with a window (look at the screen with `computer` first: that starts the desktop). Read what it prints with `read_process_output`, end it with `kill_process`.",
        ),
        Tool {
            screen: true,
            offered: false,
            ..tool::<OpenEditor>(
                "open_vscode",
                Touches::Commands,
                "Open a file or directory in VS Code or, where that is not installed, in the best editor that is.",
            )
        },
        tool::<ReadProcessOutput>(
            "read_process_output",
            Touches::Nothing,
            "Read what a background process has printed, and whether it has ended. To go on reading later, pass the \
             `next offset` of the answer as `offset`.",
        ),
        tool::<ListProcesses>(
            "list_processes",
            Touches::Nothing,
            "List the running processes of this workspace, the busiest first (at most 20).",
        ),
        tool::<KillProcess>(
            "kill_process",
            Touches::Other,
            "End a process of this workspace by its id: politely first, then by force. A background command is ended \
             with everything it started.",
        ),
    ]
}

#[cfg(test)]
mod tests;
