//! `open_vscode`: a file or directory in the best editor that is installed.

use std::path::Path;

use serde_json::json;

use super::Toolbox;
use super::background::execute_command_async;
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::{ExecuteCommandAsync, OpenEditor};
use crate::paths::LastLink;

/// Where the editor that is a web page serves.
const WEB_PORT: u16 = 8890;

/// An editor: the program to look for, how it is started before the path, and what is to be said of it.
struct Editor {
    program: &'static str,
    command: &'static str,
    said: &'static str,
}

const ON_THE_DESKTOP: &str = "It is on the desktop.";
/// The best first. The sandbox around all of it takes the place of the one that VS Code would make.
const EDITORS: [Editor; 8] = [
    Editor { program: "code", command: "code --no-sandbox --new-window --wait", said: ON_THE_DESKTOP },
    Editor { program: "codium", command: "codium --no-sandbox --new-window --wait", said: ON_THE_DESKTOP },
    Editor {
        program: "code-server",
        command: "code-server --auth none --disable-telemetry --disable-update-check --bind-addr 127.0.0.1:8890",
        said: "It serves on port 8890 of the sandbox: open that port's preview.",
    },
    Editor { program: "mousepad", command: "mousepad", said: ON_THE_DESKTOP },
    Editor { program: "gedit", command: "gedit --standalone", said: ON_THE_DESKTOP },
    Editor { program: "nano", command: "xterm -T nano -e nano", said: ON_THE_DESKTOP },
    Editor { program: "vim", command: "xterm -T vim -e vim", said: ON_THE_DESKTOP },
    Editor { program: "vi", command: "xterm -T vi -e vi", said: ON_THE_DESKTOP },
];

pub fn open_vscode(toolbox: &Toolbox, wanted: &OpenEditor) -> Outcome {
    let place = toolbox.roots.find(&wanted.path, LastLink::Follow)?;
    let shown = toolbox.roots.shown(&place.path);
    let path = std::env::var("PATH").unwrap_or_default();
    let editor = choose(&path).ok_or_else(|| {
        Failure::new("no_editor", "no editor is installed here: neither VS Code nor code-server, mousepad, gedit, nano or vi.")
    })?;
    let command = format!("exec {} {}", editor.command, in_quotes(&place.path.to_string_lossy()));
    let started = execute_command_async(toolbox, &ExecuteCommandAsync { command, cwd: None })?;
    let facts = json!({
        "program": editor.program, "pid": started.facts["pid"], "path": shown,
        "port": (editor.program == "code-server").then_some(WEB_PORT),
    });
    Ok(Answer::new(format!("Opened {shown} with {}. {}", editor.program, editor.said), facts))
}

fn choose(path: &str) -> Option<&'static Editor> {
    let is_there = |program: &str| path.split(':').any(|directory| Path::new(directory).join(program).is_file());
    EDITORS.iter().find(|editor| is_there(editor.program))
}

/// As one word of a shell's command.
fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_editor_that_is_there_is_chosen() {
        let directory = tempfile::tempdir().unwrap();
        let path = format!("/nowhere:{}", directory.path().display());
        assert!(choose(&path).is_none());
        for (added, chosen) in
            [("vi", "vi"), ("mousepad", "mousepad"), ("nano", "mousepad"), ("code", "code"), ("code-server", "code")]
        {
            std::fs::write(directory.path().join(added), "").unwrap();
            assert_eq!(choose(&path).unwrap().program, chosen);
        }
    }

    #[test]
    fn a_path_is_one_word_whatever_is_in_it() {
        let hostile = "a'; touch /tmp/x; echo $(id) \n`id`";
        let said = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", in_quotes(hostile))]).output().unwrap();
        assert_eq!(String::from_utf8(said.stdout).unwrap(), hostile);
    }
}
