//! Waiting until a session has settled, with a word now and then for whoever waits.

use std::time::Duration;

use holt_api::bounds::shown;
use holt_api::{EventBody, RunResult, Seq, SessionId, Snapshot, Status};
use holt_core::model::AssistantPart;
use holt_core::tool::cut_in_the_middle;
use holt_engine::FeedItem;
use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Guest;
use super::catalogue::MAX_WAIT_SECONDS;
use crate::error::ApiResult;

/// How much of what an agent said is handed on.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// How many words of progress one call gets at most.
const MAX_PROGRESS: u32 = 1000;

/// Tells a client that asked for it how its call comes along.
pub(super) struct Progress {
    to: Option<(Peer<RoleServer>, ProgressToken)>,
    told: u32,
}

impl Progress {
    pub fn new(context: &RequestContext<RoleServer>) -> Self {
        Self { to: context.meta.get_progress_token().map(|token| (context.peer.clone(), token)), told: 0 }
    }

    async fn tell(&mut self, message: String) {
        let Some((peer, token)) = self.to.as_ref().filter(|_| self.told < MAX_PROGRESS) else { return };
        self.told += 1;
        let progress = ProgressNotificationParam::new(token.clone(), f64::from(self.told)).with_message(message);
        if peer.notify_progress(progress).await.is_err() {
            self.to = None;
        }
    }
}

/// What was heard of a session while it was waited for.
#[derive(Default)]
struct Heard {
    answer: String,
    result: Option<RunResult>,
}

impl Guest {
    /// Waits until the session has nothing to do or waits for a person, but not longer than that.
    pub(super) async fn settle(&self, session: SessionId, after: Seq, seconds: u64, mut progress: Progress) -> ApiResult<Value> {
        let until = Instant::now() + Duration::from_secs(seconds.min(MAX_WAIT_SECONDS));
        let mut heard = Heard::default();
        let mut feed = self.app.engine.follow_quietly(&self.by, session, Some(after)).await?;
        let mut seen = after;
        loop {
            let now = self.app.engine.session(&self.by, session).await?;
            // What is in the session's state has to be heard before it is answered with.
            if is_settled(&now) && seen >= now.last_seq {
                return Ok(heard.told(&now, true));
            }
            match tokio::time::timeout_at(until, feed.next()).await {
                Ok(Some(item)) => match item? {
                    FeedItem::Event { seq, frame } => {
                        seen = seq;
                        if let Some(message) = heard.take(&frame) {
                            progress.tell(message).await;
                        }
                    }
                    // The place was none of this session's: it is followed from now on.
                    FeedItem::Snapshot { seq, .. } => seen = seq,
                    FeedItem::Delta { .. } => {}
                    FeedItem::Removed => return Ok(heard.told(&now, true)),
                },
                Ok(None) => return Ok(heard.told(&now, true)),
                Err(_) => return Ok(heard.told(&now, false)),
            }
        }
    }
}

fn is_settled(session: &Snapshot) -> bool {
    let at_rest = matches!(session.status, Status::Idle | Status::Asleep) && session.queue.is_empty();
    at_rest || matches!(session.status, Status::Waiting | Status::Ended | Status::Failed)
}

impl Heard {
    /// Takes an event in; a word for whoever waits, when it is worth one.
    fn take(&mut self, frame: &[u8]) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Frame {
            event: EventBody,
        }
        // A kind that this version does not know says nothing here.
        match serde_json::from_slice::<Frame>(frame).ok()?.event {
            // What was given a part of the work reports to the agent, not to whoever waits.
            EventBody::AgentMessage(message) if message.within.is_none() => {
                let mut text = message.parts.into_iter().filter_map(|part| match part {
                    AssistantPart::Text { text } if !text.trim().is_empty() => Some(text),
                    _ => None,
                });
                let said = text.next()?;
                let said = text.fold(said, |all, more| all + &more);
                if !self.answer.is_empty() {
                    self.answer.push_str("\n\n");
                }
                self.answer.push_str(&said);
                if self.answer.len() > 2 * MAX_ANSWER_BYTES {
                    self.answer = cut_in_the_middle(&self.answer, MAX_ANSWER_BYTES);
                }
                Some(shown(&said))
            }
            EventBody::CallStarted(_) => None,
            EventBody::CallProposed(call) => Some(format!("calls {}", shown(&call.tool))),
            EventBody::RunFinished(run) => {
                self.result = Some(run.result);
                None
            }
            _ => None,
        }
    }

    fn told(&self, now: &Snapshot, settled: bool) -> Value {
        let mut facts = json!({
            "session": now.id,
            "status": now.status,
            "settled": settled,
            "answer": cut_in_the_middle(&self.answer, MAX_ANSWER_BYTES),
            "last_seq": now.last_seq,
        });
        if let Some(result) = &self.result {
            facts["run"] = json!(result);
        }
        if let Some(failure) = &now.failure {
            facts["failure"] = json!(failure);
        }
        if !settled {
            facts["hint"] = json!("It is still at work: wait again with `wait_for_session`.");
        } else if now.status == Status::Waiting {
            facts["hint"] = json!("It waits for a person's answer, which can only be given in Holt itself.");
        }
        facts
    }
}
