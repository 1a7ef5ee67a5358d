//! What a project itself says to agents, in a file at the top of its workspace.

use std::io::Read as _;

use holt_core::agent::Instructions;
use holt_core::id::SessionId;
use holt_core::session::SessionSpec;
use holt_core::tool::cut_in_the_middle;
use holt_core::workspace::Files;

use crate::files::off_thread;
use crate::node::Node;

/// The files that are looked for; the first that is there counts.
const FILES: [&str; 2] = ["AGENTS.md", "CLAUDE.md"];
/// What is read of it, and what of that is told.
const MOST_BYTES: usize = 32 * 1024;

/// Reads it through the port to files: only a regular file of the workspace's own, and only so much of it.
pub(crate) async fn read(node: &Node, session: SessionId, spec: &SessionSpec) -> Option<Instructions> {
    let (workspaces, workspace) = (node.parts.workspaces.clone(), spec.workspace.clone());
    let found = off_thread(move || {
        let files = workspaces.files(session, &workspace)?;
        Ok(FILES.iter().find_map(|name| Some(Instructions { file: (*name).into(), text: text(&*files, name)? })))
    });
    // A workspace that cannot be read is the concern of whoever opens the sandbox.
    found.await.ok().flatten()
}

fn text(files: &dyn Files, name: &str) -> Option<String> {
    let mut bytes = Vec::new();
    files.open(name).ok()?.file.take(4 * MOST_BYTES as u64).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let plain: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| cut_in_the_middle(plain, MOST_BYTES))
}
