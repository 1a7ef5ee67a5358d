//! The connection to the X server.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use holt_rfb::handshake::{ClientHandshake, ClientStep, ServerInit};
use holt_rfb::{Error, News};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::{Copy, OpenError, Shared, ToViewer};

/// An X server that is being started answers when it is up.
const GREETING: Duration = Duration::from_secs(30);
const READ_AT_ONCE: usize = 256 * 1024;

/// A connection, and what was read from it beyond the greeting.
pub struct Greeted<Link> {
    link: Link,
    rest: Vec<u8>,
}

pub async fn greet<Link: AsyncRead + AsyncWrite + Unpin>(link: Link) -> Result<(Greeted<Link>, ServerInit), OpenError> {
    tokio::time::timeout(GREETING, shake_hands(link)).await.unwrap_or(Err(OpenError::TimedOut))
}

async fn shake_hands<Link: AsyncRead + AsyncWrite + Unpin>(mut link: Link) -> Result<(Greeted<Link>, ServerInit), OpenError> {
    let (mut handshake, mut buffer) = (ClientHandshake::new(), Vec::new());
    loop {
        if link.read_buf(&mut buffer).await? == 0 {
            return Err(OpenError::Closed);
        }
        let mut input = &buffer[..];
        while let Some(step) = handshake.next(&mut input)? {
            match step {
                ClientStep::Send(bytes) => link.write_all(bytes).await?,
                ClientStep::Done(init) => {
                    let rest = input.to_vec();
                    return Ok((Greeted { link, rest }, init));
                }
            }
        }
        buffer.clear();
    }
}

/// Follows the screen until the X server is gone or nobody holds the desktop any more.
pub async fn follow<Link: AsyncRead + AsyncWrite + Unpin>(shared: Arc<Shared>, greeted: Greeted<Link>) {
    let closed = shared.closed.clone();
    // Whichever it was, what holds the desktop sees that it is closed.
    let _ = closed.run_until_cancelled(talk(&shared, greeted)).await;
    closed.cancel();
    shared.tell_change();
}

async fn talk<Link: AsyncRead + AsyncWrite + Unpin>(shared: &Shared, greeted: Greeted<Link>) -> io::Result<()> {
    let Greeted { link, rest } = greeted;
    let (mut read, mut write) = tokio::io::split(link);
    take(shared, &rest).map_err(io::Error::other)?;
    let mut buffer = Vec::with_capacity(READ_AT_ONCE);
    loop {
        let outgoing = next_words(shared);
        if let Some(bytes) = outgoing {
            write.write_all(&bytes).await?;
        }
        tokio::select! {
            got = read.read_buf(&mut buffer) => {
                if got? == 0 {
                    return Ok(());
                }
                take(shared, &buffer).map_err(io::Error::other)?;
                buffer.clear();
            }
            () = shared.wake.notified() => {}
        }
    }
}

/// What is to be sent now: input of viewers, and the question for the next update if anybody waits for one.
fn next_words(shared: &Shared) -> Option<Vec<u8>> {
    let mut copy = shared.copy();
    if shared.wanted.load(Ordering::Relaxed) {
        copy.upstream.ask();
    }
    copy.upstream.outgoing()
}

/// Takes in what the X server said.
fn take(shared: &Shared, mut input: &[u8]) -> Result<(), Error> {
    let mut copy = shared.copy();
    let Copy { screen, upstream } = &mut *copy;
    while let Some(news) = upstream.next(&mut input, screen)? {
        match news {
            News::Frame => {
                shared.wanted.store(false, Ordering::Relaxed);
                shared.tell_change();
            }
            News::ClipboardOffered => upstream.fetch_clipboard(),
            News::Bell => tell(shared, ToViewer::Bell),
            News::Clipboard(text) => tell(shared, ToViewer::Clipboard(text.into())),
            News::ResizeRefused(reason) => tell(shared, ToViewer::ResizeRefused(reason)),
        }
    }
    Ok(())
}

fn tell(shared: &Shared, news: ToViewer) {
    // Nobody may be watching.
    let _ = shared.news.send(news);
}
