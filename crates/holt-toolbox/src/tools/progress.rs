//! Sends a command's output as it comes, as progress of its call.
//!
//! One message is on its way at a time and takes everything that came meanwhile, so a slow reader gets fewer and longer
//! messages. When it is too slow, reading from the command stops until it has caught up.

use std::pin::Pin;

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};
use rmcp::{RoleServer, ServiceError};

use crate::text::utf8::Utf8Pieces;

/// How much may wait for a slow reader.
const MAX_WAITING: usize = 64 * 1024;

type Sending = Pin<Box<dyn Future<Output = Result<(), ServiceError>> + Send>>;

/// The progress of one call; does nothing when nobody asked for it.
pub struct Progress {
    to: Option<(Peer<RoleServer>, ProgressToken)>,
    pieces: [Utf8Pieces; 2],
    waiting: String,
    /// How many bytes of text were sent, which is what the protocol calls progress.
    sent: usize,
    most: usize,
    full: bool,
    sending: Option<Sending>,
}

/// One of the two streams of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Progress {
    pub fn new(context: &RequestContext<RoleServer>, most: usize) -> Self {
        let to = context.meta.get_progress_token().map(|token| (context.peer.clone(), token));
        Self { to, pieces: <[Utf8Pieces; 2]>::default(), waiting: String::new(), sent: 0, most, full: false, sending: None }
    }

    pub fn push(&mut self, stream: Stream, bytes: &[u8]) {
        if self.to.is_some() && !self.full {
            self.pieces[stream as usize].push(bytes, &mut self.waiting);
            self.bound();
        }
    }

    /// Whether more output can be taken.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < MAX_WAITING
    }

    /// Goes on with sending. Ends when a message was sent; may be dropped and called again at any time.
    pub async fn go_on(&mut self) {
        if self.sending.is_none() {
            self.sending = self.next_message();
        }
        match self.sending.as_mut() {
            None => std::future::pending().await,
            Some(sending) => {
                if sending.await.is_err() {
                    // Nobody is there any more; the call itself learns of that soon enough.
                    self.to = None;
                    self.waiting.clear();
                }
                self.sending = None;
            }
        }
    }

    /// Sends all that is left: the command has ended.
    pub async fn finish(&mut self) {
        if self.to.is_some() && !self.full {
            let [stdout, stderr] = &mut self.pieces;
            stdout.finish(&mut self.waiting);
            stderr.finish(&mut self.waiting);
        }
        while self.sending.is_some() || !self.waiting.is_empty() {
            self.go_on().await;
        }
    }

    fn bound(&mut self) {
        let room = self.most.saturating_sub(self.sent);
        if self.waiting.len() > room {
            self.waiting.truncate(self.waiting.floor_char_boundary(room));
            self.waiting.push_str("\n[what follows is not shown while it runs]\n");
            self.full = true;
        }
    }

    fn next_message(&mut self) -> Option<Sending> {
        let (peer, token) = self.to.as_ref().filter(|_| !self.waiting.is_empty())?;
        let message = std::mem::take(&mut self.waiting);
        self.sent += message.len();
        let peer = peer.clone();
        let progress = ProgressNotificationParam::new(token.clone(), self.sent as f64).with_message(message);
        Some(Box::pin(async move { peer.notify_progress(progress).await }))
    }
}
