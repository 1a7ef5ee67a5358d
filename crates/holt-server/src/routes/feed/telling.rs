//! What is written to a socket, as it is ready.

use axum::extract::ws::{Message, Utf8Bytes};
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use holt_api::{ServerFrame, SessionId};
use holt_engine::{EngineError, FeedItem, WatchItem};

use super::{End, Followed, Socket};
use crate::error::ApiError;

/// How many frames that are ready are written before the socket is flushed.
const BATCH: usize = 64;

impl Socket {
    pub(super) async fn send(&mut self, message: Message) -> Result<(), End> {
        self.out.send(message).await.map_err(|_| End::Gone)
    }

    pub(super) async fn say(&mut self, frame: &ServerFrame) -> Result<(), End> {
        let text = serde_json::to_string(frame).map_err(|_| End::Gone)?;
        self.send(Message::text(text)).await
    }

    /// Writes an item and whatever else is ready, and then flushes once.
    pub(super) async fn pass_on(&mut self, first: Followed) -> Result<(), End> {
        let mut next = Some(first);
        for _ in 0..BATCH {
            let Some((session, item)) = next.take() else { break };
            if let Some(message) = self.frame(session, item) {
                self.out.feed(message).await.map_err(|_| End::Gone)?;
            }
            next = self.feeds.next().now_or_never().flatten();
        }
        // What was taken beyond the batch goes out with it.
        if let Some((session, item)) = next
            && let Some(message) = self.frame(session, item)
        {
            self.out.feed(message).await.map_err(|_| End::Gone)?;
        }
        self.out.flush().await.map_err(|_| End::Gone)
    }

    fn frame(&mut self, session: SessionId, item: Result<FeedItem, EngineError>) -> Option<Message> {
        let bytes = match item {
            Ok(FeedItem::Snapshot { frame, .. } | FeedItem::Event { frame, .. } | FeedItem::Delta { frame }) => frame,
            Ok(FeedItem::Removed) => {
                self.unfollow(session);
                serde_json::to_vec(&ServerFrame::Removed { session }).ok()?.into()
            }
            Err(error) => {
                self.unfollow(session);
                serde_json::to_vec(&failed(session, error)).ok()?.into()
            }
        };
        Utf8Bytes::try_from(bytes).ok().map(Message::Text)
    }

    /// Writes what has changed in the list, and then flushes once.
    pub(super) async fn tell(&mut self, news: Vec<WatchItem>) -> Result<(), End> {
        for item in news {
            let frame = match item {
                WatchItem::Changed(summary) => ServerFrame::Summary { session: summary.id, summary },
                WatchItem::Removed(session) => ServerFrame::Removed { session },
                WatchItem::Lost => ServerFrame::Watching,
            };
            let text = serde_json::to_string(&frame).map_err(|_| End::Gone)?;
            self.out.feed(Message::text(text)).await.map_err(|_| End::Gone)?;
        }
        self.out.flush().await.map_err(|_| End::Gone)
    }
}

pub(super) fn failed(session: SessionId, error: EngineError) -> ServerFrame {
    let ApiError { code, message, hint, .. } = ApiError::from(error);
    complaint(Some(session), &code, &message, &hint)
}

pub(super) fn complaint(session: Option<SessionId>, code: &str, message: &str, hint: &str) -> ServerFrame {
    ServerFrame::Error { session, code: code.into(), message: message.into(), hint: hint.into() }
}
