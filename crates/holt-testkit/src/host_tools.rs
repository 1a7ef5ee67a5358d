//! The toolbox's tools on a directory of this machine, without a sandbox and without MCP: for tests that need files and
//! commands to be real and nothing else. It answers in the toolbox's words.

use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use holt_core::tool::{CallOutcome, CallStatus};
use holt_toolbox::catalogue::{Call, EditFile, ExecuteCommand};
use serde_json::Value;

/// Tools that work in one directory.
#[derive(Debug, Clone)]
pub struct HostTools {
    workspace: PathBuf,
    /// Programs that commands do not find, as if they were not installed.
    missing: Vec<String>,
}

impl HostTools {
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self { workspace: workspace.into(), missing: Vec::new() }
    }

    /// Hides a program from commands.
    #[must_use]
    pub fn without(mut self, program: &str) -> Self {
        self.missing.push(program.to_owned());
        self
    }

    /// Makes a call. The arguments are read as the real toolbox reads them.
    pub async fn call(&self, tool: &str, arguments: &Value) -> CallOutcome {
        match self.run(tool, arguments).await {
            Ok(text) => CallOutcome::text(CallStatus::Succeeded, text),
            Err(text) => CallOutcome::text(CallStatus::Failed, text),
        }
    }

    async fn run(&self, tool: &str, arguments: &Value) -> Result<String, String> {
        let Value::Object(arguments) = arguments.clone() else { return Err("the arguments are no object".into()) };
        match Call::read(tool, arguments).map_err(|error| error.to_string())? {
            Call::ReadFile(wanted) => {
                let content = read(&self.beneath(&wanted.path)?)?;
                Ok(format!("File: {}\n\n{content}", wanted.path))
            }
            Call::WriteFile(wanted) => {
                write(&self.beneath(&wanted.path)?, &wanted.content)?;
                Ok(format!("Created {}: {} bytes, {} lines.", wanted.path, wanted.content.len(), wanted.content.lines().count()))
            }
            Call::EditFile(wanted) => self.edit(&wanted),
            Call::ListFiles(wanted) => self.list(wanted.path.as_deref().unwrap_or(".")),
            Call::FindFiles(wanted) => self.find(wanted.path.as_deref().unwrap_or("."), &wanted.pattern),
            Call::CreateDirectory(wanted) => {
                std::fs::create_dir_all(self.beneath(&wanted.path)?).map_err(|error| error.to_string())?;
                Ok(format!("Created the directory {}.", wanted.path))
            }
            Call::PublishArtifact(wanted) => {
                let size = std::fs::metadata(self.beneath(&wanted.path)?).map_err(|error| error.to_string())?.len();
                Ok(format!("Published {}: {size} bytes.", wanted.path))
            }
            Call::ExecuteCommand(wanted) => self.execute(&wanted).await,
            other => Err(format!("{other:?} is not among the tools of this test")),
        }
    }

    fn beneath(&self, path: &str) -> Result<PathBuf, String> {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if inside { Ok(self.workspace.join(path)) } else { Err(format!("`{path}` is outside of the workspace")) }
    }

    fn edit(&self, wanted: &EditFile) -> Result<String, String> {
        let path = self.beneath(&wanted.path)?;
        let content = read(&path)?;
        match content.matches(&wanted.old_text).count() {
            1 => write(&path, &content.replacen(&wanted.old_text, &wanted.new_text, 1))?,
            found => return Err(format!("`old_text` is in `{}` {found} times; nothing was changed.", wanted.path)),
        }
        Ok(format!("Edited {}: 1 replacement.", wanted.path))
    }

    fn list(&self, path: &str) -> Result<String, String> {
        let mut lines: Vec<String> = Vec::new();
        for entry in std::fs::read_dir(self.beneath(path)?).map_err(|error| error.to_string())? {
            let entry = entry.map_err(|error| error.to_string())?;
            let word = if entry.path().is_dir() { "DIR" } else { "FILE" };
            lines.push(format!("{word:<5} {}", entry.file_name().to_string_lossy()));
        }
        lines.sort_by_key(|line| line[5..].to_owned());
        Ok(if lines.is_empty() { format!("{path} is empty.") } else { lines.join("\n") })
    }

    /// Every file below; of patterns only `*`, and `*.ending`, are known.
    fn find(&self, path: &str, pattern: &str) -> Result<String, String> {
        let ending = pattern.strip_prefix('*').ok_or("this pattern is not known here")?;
        let mut found = Vec::new();
        let mut left = vec![self.beneath(path)?];
        while let Some(directory) = left.pop() {
            for entry in std::fs::read_dir(directory).map_err(|error| error.to_string())?.flatten() {
                if entry.path().is_dir() {
                    left.push(entry.path());
                } else if entry.file_name().to_string_lossy().ends_with(ending) {
                    let path = entry.path();
                    found.push(path.strip_prefix(&self.workspace).unwrap_or(&path).display().to_string());
                }
            }
        }
        found.sort();
        Ok(format!("{} files below {path}:\n{}", found.len(), found.join("\n")))
    }

    async fn execute(&self, wanted: &ExecuteCommand) -> Result<String, String> {
        let cwd = self.beneath(wanted.cwd.as_deref().unwrap_or("."))?;
        let hidden = self.missing.iter().map(|program| format!("{program}() {{ return 127; }}\n"));
        let command = hidden.chain([wanted.command.clone()]).collect::<String>();
        let child = tokio::process::Command::new("sh")
            .args(["-c", &command])
            .current_dir(cwd)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let seconds = wanted.timeout_seconds.unwrap_or(30);
        let output = tokio::time::timeout(Duration::from_secs(seconds), child)
            .await
            .map_err(|_| format!("Exit code: 124 (the time limit of {seconds} s was reached)"))?
            .map_err(|error| error.to_string())?;
        let shown = |bytes: &[u8]| match String::from_utf8_lossy(bytes).trim_end() {
            "" => "(empty)".to_owned(),
            text => text.to_owned(),
        };
        let text = format!(
            "Command: {}\nWorking directory: {}\nExit code: {} (0.0 s)\n\nSTDOUT:\n{}\n\nSTDERR:\n{}",
            wanted.command,
            wanted.cwd.as_deref().unwrap_or("."),
            output.status.code().unwrap_or(-1),
            shown(&output.stdout),
            shown(&output.stderr),
        );
        if output.status.success() { Ok(text) } else { Err(text) }
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("could not read `{}`: {error}.", path.display()))
}

fn write(path: &Path, content: &str) -> Result<(), String> {
    let parent = path.parent().unwrap_or(path);
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(path, content))
        .map_err(|error| format!("could not write `{}`: {error}.", path.display()))
}
