//! When events are due, and who makes Holt's.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use holt_core::id::SessionId;

use crate::holt::Holt;
use crate::http::Connection;

/// A number of events at a steady pace.
#[derive(Debug)]
pub struct Pace {
    begin: Instant,
    between: Duration,
    pub events: usize,
}

impl Pace {
    pub fn new(begin: Instant, per_second: u32, events: usize) -> Self {
        Self { begin, between: Duration::from_secs(1) / per_second, events }
    }

    /// When an event is to be made. Lateness counts from here, so that one who falls behind does not look better for it.
    pub fn due(&self, event: usize) -> Instant {
        self.begin + self.between * u32::try_from(event).unwrap_or(u32::MAX)
    }

    pub fn end(&self) -> Instant {
        self.due(self.events)
    }

    /// Sleeps until each event is due, and makes it.
    pub fn each(&self, mut make: impl FnMut(usize) -> Result<()>) -> Result<()> {
        for event in 0..self.events {
            std::thread::sleep(self.due(event).saturating_duration_since(Instant::now()));
            make(event)?;
        }
        Ok(())
    }
}

/// Makes events by giving the session one title after the other.
#[derive(Debug)]
pub struct Renamer {
    connection: Connection,
    head: String,
    made: usize,
}

/// The length of an event's title: with it, a frame has about 300 bytes.
pub const TITLE: usize = 150;

impl Renamer {
    pub fn new(holt: &Holt, session: SessionId) -> Result<Self> {
        let head = format!("PATCH /v2/sessions/{session} HTTP/1.1\r\n{}", holt.authorization());
        Ok(Self { connection: Connection::open(holt.address)?, head, made: 0 })
    }

    pub fn make_events(&mut self, pace: &Pace) -> Result<()> {
        pace.each(|_| {
            self.made += 1;
            let body = format!(r#"{{"title":"{:0TITLE$}"}}"#, self.made);
            let head = format!("content-type: application/json\r\ncontent-length: {}", body.len());
            self.connection.send(&format!("{}{head}\r\n\r\n{body}", self.head))?;
            let (status, body) = self.connection.answer()?;
            ensure!(status == 200, "the title was refused with {status}: {}", String::from_utf8_lossy(&body));
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_due_at_a_steady_pace() {
        let begin = Instant::now();
        let pace = Pace::new(begin, 50, 3);
        assert_eq!(pace.due(2) - begin, Duration::from_millis(40));
        assert_eq!(pace.end() - begin, Duration::from_millis(60));
    }
}
