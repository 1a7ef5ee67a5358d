//! Serving one viewer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use holt_rfb::handshake::{Security, ServerHandshake, ServerInit, ServerStep};
use holt_rfb::message::ClientMessage;
use holt_rfb::{Error, Heard, Permit, PixelFormat, Viewer};
use tokio::sync::{broadcast, mpsc, watch};

use crate::{Copy, Ending, OWN_GESTURE, Shared, ToViewer};

/// How long a viewer may take to introduce itself.
const INTRODUCTION: Duration = Duration::from_secs(30);
/// Reason of the protocol for a size that nobody can have.
const NO_SUCH_SIZE: u16 = 3;

type Parcel = Vec<Bytes>;

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
    // One parcel is being written while the next is made: what a slow viewer has not been sent yet is not made yet.
    let (parcels, queue) = mpsc::channel(1);
    let writing = tokio::spawn(write(to, queue, Arc::clone(shared)));
    let mut serving = Serving {
        shared,
        from,
        parcels,
        permit,
        viewer: Viewer::new(shared.copy().screen.size()),
        news: shared.news.subscribe(),
        acted: None,
        wants: true,
    };
    let ending = match serving.describe().await {
        Ok(()) => serving.go_on().await,
        Err(ending) => ending,
    };
    serving.let_go();
    drop(serving);
    // The last words may still be on their way.
    let _ = tokio::time::timeout(Duration::from_secs(1), writing).await;
    ending
}

/// Writes parcels until there are no more, or nobody reads them.
async fn write<To: Sink<Bytes> + Unpin>(mut to: To, mut queue: mpsc::Receiver<Parcel>, shared: Arc<Shared>) {
    while let Some(parcel) = queue.recv().await {
        for bytes in parcel {
            shared.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if to.feed(bytes).await.is_err() {
                return;
            }
        }
        if to.flush().await.is_err() {
            return;
        }
    }
    let _ = to.close().await;
}

struct Serving<'a, From> {
    shared: &'a Arc<Shared>,
    from: From,
    parcels: mpsc::Sender<Parcel>,
    permit: watch::Receiver<Permit>,
    viewer: Viewer,
    news: broadcast::Receiver<ToViewer>,
    /// When this viewer last acted.
    acted: Option<Instant>,
    /// It may have to be sent something.
    wants: bool,
}

impl<From: Stream<Item = Bytes> + Unpin> Serving<'_, From> {
    /// Tells it what the screen is.
    async fn describe(&mut self) -> Result<(), Ending> {
        let init = {
            let copy = self.shared.copy();
            let size = copy.screen.size();
            self.viewer = Viewer::new(size);
            ServerInit { size, format: PixelFormat::RGB32, name: copy.screen.name().to_owned() }
        };
        let mut words = Vec::new();
        init.write(&mut words);
        self.parcels.send(vec![words.into()]).await.map_err(|_| Ending::Left)
    }

    async fn go_on(&mut self) -> Ending {
        let mut changed = self.shared.changed.subscribe();
        let may = *self.permit.borrow_and_update();
        self.viewer.show_pointer(!may.act);
        let parcels = self.parcels.clone();
        loop {
            if self.shared.closed.is_cancelled() {
                return Ending::DesktopGone;
            }
            tokio::select! {
                heard = self.from.next() => {
                    let Some(bytes) = heard else { return Ending::Left };
                    if let Err(error) = self.hear(&bytes) {
                        return error.into();
                    }
                }
                slot = parcels.reserve(), if self.wants => {
                    let Ok(slot) = slot else { return Ending::Left };
                    match self.next_parcel() {
                        Some(parcel) => slot.send(parcel),
                        None => self.wait_for_change(),
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

    fn next_parcel(&mut self) -> Option<Parcel> {
        let mut parcel = Parcel::from_iter(self.viewer.replies());
        if let Some(update) = self.viewer.update(&mut self.shared.copy().screen) {
            parcel.extend([update.head, update.body]);
        }
        parcel.retain(|bytes| !bytes.is_empty());
        (!parcel.is_empty()).then_some(parcel)
    }

    /// It has all that there is: the X server is asked for more.
    fn wait_for_change(&mut self) {
        self.wants = false;
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
