//! Serving one viewer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use holt_rfb::handshake::{Security, ServerHandshake, ServerInit, ServerStep};
use holt_rfb::message::ClientMessage;
use holt_rfb::{Error, Heard, Permit, PixelFormat, Viewer};
use tokio::sync::{broadcast, watch};

use crate::{Copy, Ending, OWN_GESTURE, Shared, ToViewer};

/// How long a viewer may take to introduce itself.
const INTRODUCTION: Duration = Duration::from_secs(30);
/// Reason of the protocol for a size that nobody can have.
const NO_SUCH_SIZE: u16 = 3;
/// How long the end of a connection may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Lets a viewer introduce itself and prove what it has to. What it said beyond that comes back.
pub async fn introduce<From, To>(from: &mut From, to: &mut To, security: Security) -> Result<Bytes, Ending>
where
    From: Stream<Item = Bytes> + Send + Unpin,
    To: Sink<Bytes> + Send + Unpin,
{
    tokio::time::timeout(INTRODUCTION, shake_hands(from, to, security)).await.unwrap_or(Err(Ending::TimedOut))
}

async fn shake_hands<From, To>(from: &mut From, to: &mut To, security: Security) -> Result<Bytes, Ending>
where
    From: Stream<Item = Bytes> + Unpin,
    To: Sink<Bytes> + Unpin,
{
    let mut handshake = ServerHandshake::new(security);
    say(to, Bytes::from_static(ServerHandshake::hello())).await?;
    loop {
        let Some(bytes) = from.next().await else { return Err(Ending::Left) };
        let mut input = &bytes[..];
        while let Some(step) = handshake.next(&mut input)? {
            match step {
                ServerStep::Send(words) => say(to, words.into()).await?,
                ServerStep::Refuse(words, error) => {
                    say(to, words.into()).await?;
                    let _ = to.close().await;
                    return Err(error.into());
                }
                ServerStep::Done { .. } => return Ok(bytes.slice_ref(input)),
            }
        }
    }
}

async fn say<To: Sink<Bytes> + Unpin>(to: &mut To, words: Bytes) -> Result<(), Ending> {
    to.send(words).await.map_err(|_| Ending::Left)
}

/// Serves a viewer that has introduced itself.
pub async fn serve<From, To>(shared: &Arc<Shared>, from: From, to: To, permit: watch::Receiver<Permit>) -> Ending
where
    From: Stream<Item = Bytes> + Send + Unpin,
    To: Sink<Bytes> + Send + Unpin + 'static,
{
    let mut serving = Serving {
        shared,
        from,
        out: Out { to, queue: VecDeque::new(), sending: false },
        permit,
        viewer: Viewer::new(shared.copy().screen.size()),
        news: shared.news.subscribe(),
        acted: None,
        wants: true,
    };
    serving.describe();
    let ending = serving.go_on().await;
    serving.let_go();
    // The last words may still be on their way.
    let _ = tokio::time::timeout(LAST_WORDS, serving.out.close()).await;
    ending
}

/// What is on its way to a viewer. What a slow one has not been sent yet is not made yet.
struct Out<To> {
    to: To,
    queue: VecDeque<Bytes>,
    sending: bool,
}

impl<To: Sink<Bytes> + Unpin> Out<To> {
    fn put(&mut self, shared: &Shared, parcel: impl IntoIterator<Item = Bytes>) {
        for bytes in parcel.into_iter().filter(|bytes| !bytes.is_empty()) {
            shared.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            self.queue.push_back(bytes);
            self.sending = true;
        }
    }

    /// Sends all of it. Broken off, it goes on where it was.
    async fn send(&mut self) -> Result<(), Ending> {
        while !self.queue.is_empty() {
            poll_fn(|cx| self.to.poll_ready_unpin(cx)).await.map_err(|_| Ending::Left)?;
            if let Some(bytes) = self.queue.pop_front() {
                self.to.start_send_unpin(bytes).map_err(|_| Ending::Left)?;
            }
        }
        self.to.flush().await.map_err(|_| Ending::Left)?;
        self.sending = false;
        Ok(())
    }

    async fn close(&mut self) {
        if self.send().await.is_ok() {
            let _ = self.to.close().await;
        }
    }
}

struct Serving<'a, From, To> {
    shared: &'a Arc<Shared>,
    from: From,
    out: Out<To>,
    permit: watch::Receiver<Permit>,
    viewer: Viewer,
    news: broadcast::Receiver<ToViewer>,
    /// When this viewer last acted.
    acted: Option<Instant>,
    /// It may have to be sent something.
    wants: bool,
}

impl<From: Stream<Item = Bytes> + Unpin, To: Sink<Bytes> + Unpin> Serving<'_, From, To> {
    /// Tells it what the screen is.
    fn describe(&mut self) {
        let init = {
            let copy = self.shared.copy();
            let size = copy.screen.size();
            self.viewer = Viewer::new(size);
            ServerInit { size, format: PixelFormat::RGB32, name: copy.screen.name().to_owned() }
        };
        let mut words = Vec::new();
        init.write(&mut words);
        self.out.put(self.shared, [words.into()]);
    }

    async fn go_on(&mut self) -> Ending {
        let mut changed = self.shared.changed.subscribe();
        let may = *self.permit.borrow_and_update();
        self.viewer.show_pointer(!may.act);
        loop {
            if self.shared.closed.is_cancelled() {
                return Ending::DesktopGone;
            }
            if self.wants && !self.out.sending {
                self.send_next();
            }
            tokio::select! {
                heard = self.from.next() => {
                    let Some(bytes) = heard else { return Ending::Left };
                    if let Err(error) = self.hear(&bytes) {
                        return error.into();
                    }
                }
                sent = self.out.send(), if self.out.sending => {
                    if let Err(ending) = sent {
                        return ending;
                    }
                }
                _ = changed.changed() => self.wants = true,
                told = self.news.recv() => self.hear_news(told.ok()),
                moved = self.permit.changed() => {
                    if moved.is_err() {
                        // Whoever let it in does not any more.
                        return Ending::Left;
                    }
                    self.hear_permit();
                }
            }
        }
    }

    /// What the viewer said.
    fn hear(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let permit = *self.permit.borrow();
        let mut input = bytes;
        let mut copy = self.shared.copy();
        let Copy { screen, upstream } = &mut *copy;
        let mut acted = false;
        loop {
            let refused = match self.viewer.next(&mut input, permit)? {
                None => break,
                Some(Heard::Nothing) => None,
                Some(Heard::Refused) => {
                    self.shared.refused.fetch_add(1, Ordering::Relaxed);
                    None
                }
                Some(Heard::Act(message)) => {
                    acted = true;
                    let is_size = matches!(message, ClientMessage::SetDesktopSize { .. });
                    (!upstream.act(&message, screen) && is_size).then_some(NO_SUCH_SIZE)
                }
                Some(Heard::Clipboard(text)) => {
                    acted = true;
                    upstream.offer_clipboard(&text);
                    None
                }
            };
            if let Some(reason) = refused {
                self.viewer.resize_refused(reason);
            }
        }
        drop(copy);
        if acted {
            self.acted = Some(Instant::now());
            self.shared.note_act();
            self.shared.wake.notify_one();
        }
        self.wants = true;
        Ok(())
    }

    /// Makes what it lacks. The X server is asked for more already while that is under way.
    fn send_next(&mut self) {
        let replies = self.viewer.replies();
        let update = self.viewer.update(&mut self.shared.copy().screen);
        let pieces = update.map(|update| [update.head, update.body]);
        self.out.put(self.shared, replies.into_iter().chain(pieces.into_iter().flatten()));
        self.wants = self.out.sending;
        if !self.shared.wanted.swap(true, Ordering::Relaxed) {
            self.shared.wake.notify_one();
        }
    }

    fn hear_news(&mut self, told: Option<ToViewer>) {
        match told {
            Some(ToViewer::Bell) => self.viewer.bell(),
            // Only to whoever may, and only what has just been copied by a gesture of its own.
            Some(ToViewer::Clipboard(text)) => {
                let own = self.acted.is_some_and(|when| when.elapsed() < OWN_GESTURE);
                if self.permit.borrow().clipboard && own {
                    self.viewer.offer_clipboard(&text);
                }
            }
            Some(ToViewer::ResizeRefused(reason)) => self.viewer.resize_refused(reason),
            // It missed some; the picture is not among them.
            None => {}
        }
        self.wants = true;
    }

    fn hear_permit(&mut self) {
        let permit = *self.permit.borrow_and_update();
        self.viewer.show_pointer(!permit.act);
        if !permit.act {
            self.let_go();
        }
        self.wants = true;
    }

    /// Nothing stays pressed that this viewer pressed.
    fn let_go(&mut self) {
        if self.acted.take().is_some() {
            self.shared.copy().upstream.release();
            self.shared.wake.notify_one();
        }
    }
}
