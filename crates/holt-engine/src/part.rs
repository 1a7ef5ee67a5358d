//! A part of a run's work, done by an agent of its own: another brain at a desk of its own, in the same session and sandbox.
//!
//! What it says and does are events of the session that name the call which gave it its part, so it is taken up where it was
//! when the server is started anew, people see its steps, and what it uses counts for the run.

use std::sync::Arc;

use holt_core::agent::{Brief, GivenPart, WorkError};
use holt_core::event::{EventBody, Seq};
use holt_core::id::SessionId;
use holt_core::machine::own::delegate;
use holt_core::model::AssistantPart;
use holt_core::session::SessionSpec;
use holt_core::tool::{CallOutcome, CallStatus};
use holt_core::view::OpenCall;
use tokio::sync::mpsc;

use crate::desk::EngineDesk;
use crate::effects::work;
use crate::instructions;
use crate::memory;
use crate::node::Node;
use crate::offered;
use crate::owner::Word;

/// How many events are read from the log at once.
const PAGE: usize = 1024;
/// What is told of one that said nothing.
const NOTHING: &str = "(nothing)";

pub(crate) struct Part<'a> {
    pub node: &'a Arc<Node>,
    pub spec: &'a SessionSpec,
    /// The call that gives it.
    pub open: &'a OpenCall,
    pub words: &'a mpsc::Sender<Word>,
}

impl Part<'_> {
    /// Does it, or goes on with it: it was given after this event. Its last words are its report.
    pub async fn done(&self, brief: Brief, after: Seq) -> CallOutcome {
        let failed = |text: String| CallOutcome::text(CallStatus::Failed, text);
        let task = match delegate::part(&self.open.arguments) {
            Ok(part) => part.task,
            Err(why) => return failed(why),
        };
        let Some(agent) = self.node.parts.agents.get(&self.spec.agent).cloned() else {
            return failed("Nobody began it: this Holt has no such agent any more.".into());
        };
        let session = brief.session;
        let known = (instructions::read(self.node, session, self.spec), memory::told(self.node, session, self.spec));
        let (mut tools, instructions, memory) = tokio::join!(offered::to(&self.node.parts, session, self.spec), known.0, known.1);
        tools.retain(|tool| delegate::has(&tool.name));
        let part = Some(GivenPart { call: self.open.id, task });
        let brief = Brief { tools, instructions, memory, part, ..brief };
        let desk = EngineDesk::for_part(brief, after, self.node.store().clone(), self.words.clone());
        match work(agent, Arc::new(desk)).await {
            Ok(()) => CallOutcome::text(CallStatus::Succeeded, self.last_words(session).await),
            Err(WorkError::Halted(_)) => {
                let said = self.last_words(session).await;
                failed(format!(
                    "It was stopped before it was done: its share of the budget is used up. The last that it said: {said}"
                ))
            }
            Err(WorkError::Failed(failure)) => failed(format!("It gave up: {}. {}", failure.message, failure.hint)),
        }
    }

    /// What it said last, out of the log: who took it up may not have heard it.
    async fn last_words(&self, session: SessionId) -> String {
        let mut before = Seq::MAX;
        loop {
            let page = self.node.store().events_before(session, before, PAGE).await.unwrap_or_default();
            for body in page.iter().rev().filter_map(|event| event.decode()) {
                match body {
                    EventBody::AgentMessage(message) if message.within == Some(self.open.id) => match text(message.parts) {
                        Some(text) => return text,
                        None => continue,
                    },
                    EventBody::CallProposed(proposed) if proposed.call == self.open.id => return NOTHING.into(),
                    _ => {}
                }
            }
            match page.first() {
                Some(first) if first.seq > 1 => before = first.seq,
                _ => return NOTHING.into(),
            }
        }
    }
}

fn text(parts: Vec<AssistantPart>) -> Option<String> {
    let text = |part| if let AssistantPart::Text { text } = part { Some(text) } else { None };
    let said: String = parts.into_iter().filter_map(text).collect();
    (!said.trim().is_empty()).then_some(said)
}
