//! A stream whose bytes are counted, whose stillness is noticed, and of which the first byte can be put back.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Client;

/// When something last went over a stream.
#[derive(Debug, Clone)]
pub struct Activity {
    began: Instant,
    millis: Arc<AtomicU64>,
    /// How long nothing may go, when that is less than usual.
    shortened: watch::Sender<Option<Duration>>,
}

impl Activity {
    pub fn new() -> Self {
        Self { began: Instant::now(), millis: Arc::default(), shortened: watch::Sender::new(None) }
    }

    fn note(&self) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.millis.store(millis, Ordering::Relaxed);
    }

    /// From now on nothing may go for no longer than this.
    pub fn shorten(&self, idle: Duration) {
        self.note();
        self.shortened.send_replace(Some(idle));
    }

    /// Returns when nothing has gone for so long.
    pub async fn until_idle(&self, idle: Duration) {
        let mut shortened = self.shortened.subscribe();
        loop {
            let idle = shortened.borrow_and_update().unwrap_or(idle);
            let until = self.began + Duration::from_millis(self.millis.load(Ordering::Relaxed)) + idle;
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                () = sleep_until(until) => {}
                Ok(()) = shortened.changed() => {}
            }
        }
    }
}

#[derive(Debug)]
pub struct Watched<S> {
    stream: S,
    back: Option<u8>,
    client: Arc<Client>,
    activity: Activity,
}

impl<S> Watched<S> {
    pub fn new(stream: S, client: Arc<Client>, activity: Activity) -> Self {
        Self { stream, back: None, client, activity }
    }

    /// Puts a byte back, to be read next.
    pub fn unread(&mut self, byte: u8) {
        self.back = Some(byte);
    }

    fn count(&self, which: &AtomicU64, bytes: usize) {
        if bytes > 0 {
            which.fetch_add(bytes as u64, Ordering::Relaxed);
            self.activity.note();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buffer.remaining() > 0
            && let Some(byte) = self.back.take()
        {
            buffer.put_slice(&[byte]);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.count(&self.client.sent, buffer.filled().len() - before);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.count(&self.client.received, written);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
