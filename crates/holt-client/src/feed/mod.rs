//! Following a session: a snapshot, then every event once and in order, and live text in between.
//!
//! A broken connection is taken up again at the last number seen. An event that does not follow on the one before is
//! treated as a broken connection, so that whoever reads a feed never has to check.

mod sse;

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use holt_core::agent::Delta;
use holt_core::event::Seq;
use holt_core::id::SessionId;
use holt_core::view::Snapshot;
use tokio::time::{Instant, sleep, timeout};

use crate::client::Client;
use crate::error::ClientError;
use crate::path::Path;
use crate::transport::{Method, Request};
use holt_api::Event;
use sse::{Frame, Parser};

/// A server says something at least this often, if only that it is there.
const SILENCE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long a server may be away, unless the follower says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a feed brings.
#[derive(Debug, Clone)]
pub enum FeedItem {
    /// How the session is. First, unless the feed was begun at a number; and again when that number was out of reach.
    Snapshot(Box<Snapshot>),
    Event(Event),
    /// Text of what is not finished yet. May be lost or come twice; its offset tells.
    Delta(Delta),
    /// The session was removed; nothing follows.
    Removed,
}

/// A feed of one session.
pub struct Follow {
    client: Client,
    session: SessionId,
    last: Option<Seq>,
    open: Option<Open>,
    patience: Duration,
    /// Since when nothing has come, and how often it was tried since.
    away: Option<(Instant, u32)>,
    over: bool,
}

struct Open {
    bytes: BoxStream<'static, Result<bytes::Bytes, ClientError>>,
    parser: Parser,
}

impl std::fmt::Debug for Follow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow").field("session", &self.session).field("last", &self.last).finish_non_exhaustive()
    }
}

impl Client {
    /// Follows a session: from its snapshot on, or with every event after a number.
    pub fn follow(&self, session: SessionId, after: Option<Seq>) -> Follow {
        let client = self.clone();
        Follow { client, session, last: after, open: None, patience: PATIENCE, away: None, over: false }
    }
}

impl Follow {
    /// How long the server may be away before the feed gives up.
    #[must_use]
    pub fn patient_for(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The next item. Nothing once the session is removed.
    pub async fn next(&mut self) -> Result<Option<FeedItem>, ClientError> {
        while !self.over {
            match self.try_next().await {
                Ok(Some(item)) => return Ok(Some(item)),
                Ok(None) => {}
                Err(error) => self.wait_after(error).await?,
            }
        }
        Ok(None)
    }

    /// One frame further. Nothing when the frame was old or unknown.
    async fn try_next(&mut self) -> Result<Option<FeedItem>, ClientError> {
        let frame = self.next_frame().await?;
        self.away = None;
        let item = self.read(&frame)?;
        match &item {
            Some(FeedItem::Snapshot(snapshot)) => self.last = Some(snapshot.last_seq),
            Some(FeedItem::Event(event)) => self.last = Some(event.seq),
            Some(FeedItem::Removed) => self.over = true,
            Some(FeedItem::Delta(_)) | None => {}
        }
        Ok(item)
    }

    fn read(&self, frame: &Frame) -> Result<Option<FeedItem>, ClientError> {
        let malformed = |error: serde_json::Error| self.client.malformed(&error);
        Ok(match frame.event.as_str() {
            "snapshot" => Some(FeedItem::Snapshot(serde_json::from_str(&frame.data).map_err(malformed)?)),
            "delta" => Some(FeedItem::Delta(serde_json::from_str(&frame.data).map_err(malformed)?)),
            "removed" => Some(FeedItem::Removed),
            "event" => {
                let event = serde_json::from_str::<Event>(&frame.data).map_err(malformed)?;
                self.in_order(event.seq)?.then_some(FeedItem::Event(event))
            }
            // A later server may say more than we know.
            _ => None,
        })
    }

    /// Whether an event is the next. One from before is not; a gap is an error that begins anew after the last.
    fn in_order(&self, seq: Seq) -> Result<bool, ClientError> {
        match self.last {
            Some(last) if seq <= last => Ok(false),
            Some(last) if seq > last + 1 => Err(ClientError::BrokeOff(format!("event {seq} does not follow on {last}"))),
            _ => Ok(true),
        }
    }

    async fn next_frame(&mut self) -> Result<Frame, ClientError> {
        if self.open.is_none() {
            self.open = Some(self.connect().await?);
        }
        loop {
            let Some(open) = &mut self.open else { return Err(ClientError::BrokeOff("the feed is closed".into())) };
            if let Some(frame) = open.parser.next()? {
                return Ok(frame);
            }
            let late = |_| ClientError::TimedOut { at: self.client.place(), seconds: SILENCE.as_secs() };
            match timeout(SILENCE, open.bytes.next()).await.map_err(late)? {
                Some(chunk) => open.parser.push(&chunk?),
                None => return Err(ClientError::BrokeOff("the server closed the feed".into())),
            }
        }
    }

    async fn connect(&self) -> Result<Open, ClientError> {
        let path = Path::new("/v2/sessions").id(self.session).segment("events").query_if("after", self.last);
        let request = Request::new(Method::GET, path).header("accept", "text/event-stream");
        let late = |_| ClientError::TimedOut { at: self.client.place(), seconds: SILENCE.as_secs() };
        let answer = timeout(SILENCE, self.client.open(request)).await.map_err(late)??;
        Ok(Open { bytes: answer.body, parser: Parser::default() })
    }

    /// Waits a little longer each time, until patience or hope is gone.
    async fn wait_after(&mut self, error: ClientError) -> Result<(), ClientError> {
        self.open = None;
        let (since, tries) = self.away.unwrap_or((Instant::now(), 0));
        if !error.is_passing() || since.elapsed() >= self.patience {
            self.over = true;
            return Err(error);
        }
        self.away = Some((since, tries + 1));
        sleep(LONGEST_PAUSE.min(FIRST_PAUSE * 2u32.saturating_pow(tries.min(8)))).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
