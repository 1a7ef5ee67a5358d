//! `holt show`.

use clap::Args;
use holt_core::plan;
use holt_core::session::WorkspaceSpec;
use holt_core::source::Source;
use holt_core::view::Snapshot;

use super::answer::covers;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::{call, short_id, size, time};
use crate::terminal::{clean_line, reveal, short_line};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt show last\n  holt show 1f2e3d4c --json")]
pub struct Arguments {
    /// The session
    session: String,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.session(id).await.map_err(context.explain())?;
    context.output.result(&session, || text(&session))
}

fn text(session: &Snapshot) -> String {
    let workspace = match &session.workspace {
        WorkspaceSpec::Managed => "kept by Holt".to_owned(),
        WorkspaceSpec::Directory { path } => clean_line(path),
    };
    let mut rows = Vec::new();
    let mut add = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    add("title", clean_line(&session.title));
    if !session.summary.is_empty() {
        add("summary", clean_line(&session.summary));
    }
    add("id", session.id.to_string());
    add("status", session.status.as_str().to_owned());
    add("agent", clean_line(&format!("{} with {}", session.agent, session.model)));
    add("workspace", workspace);
    if let Some(Source::Git { url, branch }) = &session.source {
        let branch = branch.as_ref().map(|branch| format!(" {branch}")).unwrap_or_default();
        add("from", clean_line(&format!("{url}{branch}")));
    }
    add("made", time(session.created_at));
    add("mode", session.mode.as_str().replace('_', "-"));
    if let Some(from) = session.forked_from {
        add("fork of", format!("{} at event {}", short_id(from.session), from.at));
    }
    for grant in &session.grants {
        add("allowed", format!("{} (holt grants {} --revoke {})", covers(&grant.grant), short_id(session.id), grant.id));
    }
    add("changed", time(session.updated_at));
    add("tokens", (session.usage.input_tokens + session.usage.output_tokens).to_string());
    if let Some(held) = &session.held {
        add("held", format!("since {}: {}", time(held.since), clean_line(&held.text)));
    }
    if let Some(control) = &session.control {
        add("driven", format!("by {} since {}; the agent waits", clean_line(&control.by), time(control.since)));
    }
    if let Some(at) = session.removed_at {
        add("kept until", time(at));
    }
    if let Some(failure) = &session.failure {
        add("problem", clean_line(&failure.message));
        add("", clean_line(&failure.hint));
    }
    for item in &session.plan {
        add("plan", clean_line(&plan::in_words(std::slice::from_ref(item))));
    }
    if let Some(place) = session.compaction {
        add("summed up", format!("events 1 to {}: `holt compact {} --show`", place.through, short_id(session.id)));
    }
    for waiting in &session.queue {
        add("waits", short_line(&waiting.text, 80));
    }
    for open in session.run.iter().flat_map(|run| &run.calls) {
        let stage = serde_json::to_value(open.stage).ok();
        let stage = stage.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        add(stage, format!("{} {}", clean_line(&open.tool), reveal(&call(&open.arguments))));
        if let Some(asks) = &open.asks {
            add("", format!("{} (holt reply {} \"…\")", reveal(&asks.text), short_id(session.id)));
        }
        if let Some(question) = &open.question {
            add("", format!("{} (hash {})", clean_line(&question.why), &question.hash[..12.min(question.hash.len())]));
            add("", format!("--for-session allows {}", covers(&question.for_session)));
        }
    }
    for artifact in &session.artifacts {
        add("artifact", format!("{} ({})", clean_line(&artifact.name), size(artifact.size)));
    }
    format!("{}\n\nholt logs {id} · holt send {id} \"…\" · holt get {id}", table(&rows), id = short_id(session.id))
}
