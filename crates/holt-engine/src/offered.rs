//! What a session's agent is offered: the tools of its sandbox, its own, and those from elsewhere.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use holt_core::elsewhere::Elsewhere;
use holt_core::id::SessionId;
use holt_core::machine::own;
use holt_core::session::SessionSpec;
use holt_core::tool::{Place, ToolSpec};

use crate::engine::Parts;

/// How long a run waits to learn what there is elsewhere. What has not answered by then is not offered to this run.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// The most tools from elsewhere. Each takes room in everything that a model is sent.
const MAX_ELSEWHERE: usize = 256;

pub(crate) async fn to(parts: &Parts, session: SessionId, spec: &SessionSpec) -> Vec<ToolSpec> {
    let mut tools = parts.sandboxes.tools();
    tools.extend(own::tools());
    let answers = join_all(parts.elsewhere.iter().map(|source| ask(source, session, spec))).await;
    let mut names: HashSet<String> = tools.iter().map(|tool| tool.name.clone()).collect();
    let new = answers.into_iter().flatten().filter(|tool| names.insert(tool.name.clone())).take(MAX_ELSEWHERE);
    tools.extend(new.collect::<Vec<_>>());
    if let Some(definition) = &spec.definition {
        tools.retain(|tool| definition.offers(tool));
    }
    tools
}

async fn ask(source: &Arc<dyn Elsewhere>, session: SessionId, spec: &SessionSpec) -> Vec<ToolSpec> {
    let answer = tokio::time::timeout(ANSWER_WITHIN, source.tools(session, spec)).await;
    let tools = answer.unwrap_or_else(|_| {
        tracing::warn!(%session, "tools from elsewhere did not say in time what they are");
        Vec::new()
    });
    tools.into_iter().map(|tool| ToolSpec { place: Place::Elsewhere, ..tool }).collect()
}
