//! One desktop shared among its viewers, over whatever brings their bytes.
//!
//! A [`Desktop`] holds the one connection to the X server, asks it for updates only while somebody waits for one, and keeps
//! one copy of the screen. Each viewer is served from that copy by a future of its own: a slow one gets what is, later, and
//! delays nobody. What was encoded for one is used for all that read the same.
//!
//! What a viewer may do is a [`Permit`] that can change at any moment. When it loses the right to act, every key and button
//! that it held is let go.

mod error;
mod frames;
mod upstream;
mod viewer;
mod websocket;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures::{Sink, Stream, StreamExt as _, stream};
use holt_rfb::handshake::Security;
use holt_rfb::{Screen, Size, Upstream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use bytes::Bytes;
pub use error::{Ending, OpenError};
pub use frames::Frames;
pub use holt_rfb::Permit;
pub use viewer::introduce;
pub use websocket::WebSocket;

/// What is told to viewers once and may be missed: sounds, clipboards.
const NEWS: usize = 32;
/// What has just been copied on the desktop goes to a viewer that acted this recently.
const OWN_GESTURE: Duration = Duration::from_secs(3);

/// A desktop that is being watched. Cheap to clone; the connection to it ends with the last clone.
#[derive(Debug, Clone)]
pub struct Desktop {
    shared: Arc<Shared>,
    ends: Arc<DropGuard>,
}

/// A desktop that ends when nobody else holds it.
#[derive(Debug, Clone)]
pub struct WeakDesktop {
    shared: Weak<Shared>,
    ends: Weak<DropGuard>,
}

impl WeakDesktop {
    /// The desktop, if somebody holds it and its X server is there.
    pub fn upgrade(&self) -> Option<Desktop> {
        let desktop = Desktop { shared: self.shared.upgrade()?, ends: self.ends.upgrade()? };
        (!desktop.is_closed()).then_some(desktop)
    }
}

#[derive(Debug)]
struct Shared {
    /// The screen and the connection that fills it.
    copy: Mutex<Copy>,
    /// Grows with each change that viewers may have to be told of.
    changed: watch::Sender<u64>,
    news: broadcast::Sender<ToViewer>,
    /// There is something to send to the X server.
    wake: Notify,
    /// Some viewer waits for a change.
    wanted: AtomicBool,
    closed: CancellationToken,
    viewers: AtomicUsize,
    sent: AtomicU64,
    refused: AtomicU64,
    acted: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Copy {
    screen: Screen,
    upstream: Upstream,
}

/// What viewers are told beside the picture.
#[derive(Debug, Clone)]
enum ToViewer {
    Bell,
    Clipboard(Arc<str>),
    ResizeRefused(u16),
}

/// What has gone over a desktop since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub viewers: usize,
    pub bytes_sent: u64,
    /// Input that was not permitted.
    pub refused: u64,
}

impl Desktop {
    /// Takes up a connection to an X server that speaks RFB, and greets it.
    ///
    /// # Errors
    /// When it does not answer in time, or not as it should.
    pub async fn open<Link>(link: Link) -> Result<Self, OpenError>
    where
        Link: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (link, init) = upstream::greet(link).await?;
        let (upstream, screen) = Upstream::new(&init);
        let closed = CancellationToken::new();
        let shared = Arc::new(Shared {
            copy: Mutex::new(Copy { screen, upstream }),
            changed: watch::Sender::new(0),
            news: broadcast::Sender::new(NEWS),
            wake: Notify::new(),
            wanted: AtomicBool::new(false),
            closed: closed.clone(),
            viewers: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            acted: Mutex::new(None),
        });
        tokio::spawn(upstream::follow(Arc::clone(&shared), link));
        Ok(Self { shared, ends: Arc::new(closed.drop_guard()) })
    }

    /// Serves one viewer until it leaves, breaks the protocol, or the desktop is gone.
    pub async fn serve<From, To>(&self, mut from: From, mut to: To, security: Security, permit: watch::Receiver<Permit>) -> Ending
    where
        From: Stream<Item = Bytes> + Send + Unpin,
        To: Sink<Bytes> + Send + Unpin + 'static,
    {
        match introduce(&mut from, &mut to, security).await {
            Ok(rest) => self.serve_introduced(stream::iter([rest]).chain(from), to, permit).await,
            Err(ending) => ending,
        }
    }

    /// The same, for one that has introduced itself.
    pub async fn serve_introduced<From, To>(&self, from: From, to: To, permit: watch::Receiver<Permit>) -> Ending
    where
        From: Stream<Item = Bytes> + Send + Unpin,
        To: Sink<Bytes> + Send + Unpin + 'static,
    {
        self.shared.viewers.fetch_add(1, Ordering::Relaxed);
        let ending = viewer::serve(&self.shared, from, to, permit).await;
        self.shared.viewers.fetch_sub(1, Ordering::Relaxed);
        ending
    }

    /// What a viewer would be sent, for whoever keeps it. It counts as no viewer.
    pub fn frames(&self) -> Frames {
        Frames::new(Arc::clone(&self.shared), Arc::clone(&self.ends))
    }

    pub fn downgrade(&self) -> WeakDesktop {
        WeakDesktop { shared: Arc::downgrade(&self.shared), ends: Arc::downgrade(&self.ends) }
    }

    /// Returns when the X server is gone.
    pub async fn closed(&self) {
        self.shared.closed.cancelled().await;
    }

    pub fn is_closed(&self) -> bool {
        self.shared.closed.is_cancelled()
    }

    pub fn size(&self) -> Size {
        self.shared.copy().screen.size()
    }

    pub fn counts(&self) -> Counts {
        Counts {
            viewers: self.shared.viewers.load(Ordering::Relaxed),
            bytes_sent: self.shared.sent.load(Ordering::Relaxed),
            refused: self.shared.refused.load(Ordering::Relaxed),
        }
    }

    /// How long ago a viewer last acted, if ever one did.
    pub fn idle(&self) -> Option<Duration> {
        self.shared.acted.lock().unwrap_or_else(PoisonError::into_inner).map(|when| when.elapsed())
    }
}

impl Shared {
    fn copy(&self) -> MutexGuard<'_, Copy> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_change(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    fn note_act(&self) {
        *self.acted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}
