//! Shows an answer while it is written: often enough to look alive, seldom enough to be cheap.

use std::time::Duration;

use holt_core::agent::{Delta, DeltaTarget, Desk, Halted};
use holt_core::id::MessageId;
use tokio::time::Instant;

/// The least time between two updates of one message.
const PACE: Duration = Duration::from_millis(33);
/// So much text is shown at once, whatever the time.
const ENOUGH_BYTES: usize = 4096;

/// A message that is being written.
#[derive(Debug)]
pub struct Showing {
    pub message: MessageId,
    begun: bool,
    text: Pending,
    reasoning: Pending,
    /// When something was last shown.
    last: Option<Instant>,
}

/// What of one text was not shown yet.
#[derive(Debug, Default)]
struct Pending {
    /// The place of its first byte in the whole.
    offset: u64,
    buffer: String,
}

impl Showing {
    pub fn new(message: MessageId) -> Self {
        Self { message, begun: false, text: Pending::default(), reasoning: Pending::default(), last: None }
    }

    /// Whether anybody can have seen anything of it.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Says that the message begins, once.
    pub async fn begin(&mut self, desk: &dyn Desk) -> Result<(), Halted> {
        if !self.begun {
            desk.begin(self.message).await?;
            self.begun = true;
        }
        Ok(())
    }

    pub async fn text(&mut self, desk: &dyn Desk, more: &str) -> Result<(), Halted> {
        self.text.buffer.push_str(more);
        self.show_if_time(desk).await
    }

    pub async fn reasoning(&mut self, desk: &dyn Desk, more: &str) -> Result<(), Halted> {
        self.reasoning.buffer.push_str(more);
        self.show_if_time(desk).await
    }

    /// Waits until what is pending should be shown; for ever when nothing is.
    pub async fn due(&self) {
        match self.last {
            Some(last) if self.has_pending() => tokio::time::sleep_until(last + PACE).await,
            _ => std::future::pending().await,
        }
    }

    /// Shows all that is pending.
    pub async fn show(&mut self, desk: &dyn Desk) -> Result<(), Halted> {
        self.begin(desk).await?;
        for (target, pending) in
            [(DeltaTarget::Reasoning(self.message), &mut self.reasoning), (DeltaTarget::Message(self.message), &mut self.text)]
        {
            if let Some((offset, text)) = pending.take() {
                desk.show(Delta { target, offset, text }).await?;
            }
        }
        self.last = Some(Instant::now());
        Ok(())
    }

    async fn show_if_time(&mut self, desk: &dyn Desk) -> Result<(), Halted> {
        let rested = self.last.is_none_or(|last| last.elapsed() >= PACE);
        if rested || self.text.buffer.len() + self.reasoning.buffer.len() >= ENOUGH_BYTES {
            self.show(desk).await?;
        }
        Ok(())
    }

    fn has_pending(&self) -> bool {
        !self.text.buffer.is_empty() || !self.reasoning.buffer.is_empty()
    }
}

impl Pending {
    fn take(&mut self) -> Option<(u64, String)> {
        if self.buffer.is_empty() {
            return None;
        }
        let (offset, text) = (self.offset, std::mem::take(&mut self.buffer));
        self.offset += text.len() as u64;
        Some((offset, text))
    }
}
