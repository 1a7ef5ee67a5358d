//! An agent that says back what it was told, word by word, or works for ever and says nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use holt_core::agent::{Agent, Delta, DeltaTarget, Desk, FinishedTurn, WorkError};
use holt_core::budget::Usage;
use holt_core::event::EventBody;
use holt_core::id::MessageId;
use holt_core::model::{AssistantPart, StopReason};

/// What makes it work for ever.
pub const SILENCE: &str = "silence";

pub struct Narrator;

#[async_trait]
impl Agent for Narrator {
    async fn work(&self, desk: Arc<dyn Desk>) -> Result<(), WorkError> {
        let events = desk.next_step().await?;
        let told = events.iter().rev().find_map(|event| match event.decode() {
            Some(EventBody::PromptQueued(prompt)) => Some(prompt.text),
            _ => None,
        });
        if told.as_deref() == Some(SILENCE) {
            return std::future::pending().await;
        }
        let text = format!("You said: {}", told.unwrap_or_default());
        let message = MessageId::new(desk.fresh_id());
        desk.begin(message).await?;
        let mut offset = 0;
        for word in text.split_inclusive(' ') {
            let delta = Delta { target: DeltaTarget::Message(message), offset, text: word.into() };
            offset += word.len() as u64;
            desk.show(delta).await?;
        }
        let turn = FinishedTurn {
            message,
            parts: vec![AssistantPart::Text { text }],
            calls: BTreeMap::new(),
            usage: Usage::default(),
            stop: StopReason::Finished,
            model: "narrator".into(),
        };
        desk.finish(turn).await?;
        Ok(())
    }
}
