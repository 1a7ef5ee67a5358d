//! A viewer's bytes over a WebSocket, after its handshake, on the server's side.
//!
//! RFB is a stream: where a message begins and ends means nothing to it. So what comes is handed on as it comes, and what goes is a
//! frame's head before the very bytes that every other viewer is sent: nothing is copied, and nothing is kept but a few bytes.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use futures::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

/// What is read at once: viewers say little.
const READ: usize = 4 * 1024;
/// Pieces that wait to be written before no more are taken.
const WAITING: usize = 16;
/// Pieces that are handed to the system at once.
const AT_ONCE: usize = 8;
/// The longest message about the connection itself, by the protocol.
const LONGEST_CONTROL: u64 = 125;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
const CONTINUED: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A WebSocket whose binary messages are one stream of bytes. Texts are ignored.
#[derive(Debug)]
pub struct WebSocket<Link> {
    link: Link,
    read: BytesMut,
    frame: Frame,
    /// What kind of message goes on with the next frame.
    begun: u8,
    ended: bool,
    waiting: VecDeque<Bytes>,
    closing: bool,
}

/// The frame that is being read.
#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    kind: u8,
    mask: [u8; 4],
    left: u64,
    /// How many bytes of it were read.
    done: usize,
}

impl<Link: AsyncRead + AsyncWrite + Unpin> WebSocket<Link> {
    pub fn new(link: Link) -> Self {
        Self {
            link,
            read: BytesMut::new(),
            frame: Frame::default(),
            begun: CONTINUED,
            ended: false,
            waiting: VecDeque::new(),
            closing: false,
        }
    }

    /// The next bytes of a message from what was read, or nothing if there are none in it.
    fn unwrap(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if self.frame.left == 0 {
                let Some(frame) = head(&mut self.read)? else { return Ok(None) };
                self.frame = self.checked(frame)?;
            }
            let control = self.frame.kind >= CLOSE;
            let left = usize::try_from(self.frame.left).unwrap_or(usize::MAX);
            if self.read.len() < if control { left } else { left.min(1) } {
                return Ok(None);
            }
            let mut payload = self.read.split_to(left.min(self.read.len()));
            self.frame.unmask(&mut payload);
            match self.frame.kind {
                BINARY if !payload.is_empty() => return Ok(Some(payload.freeze())),
                PING => self.pong(payload.freeze()),
                CLOSE => {
                    self.ended = true;
                    return Ok(None);
                }
                _ => {}
            }
        }
    }

    /// A frame as what it goes on with.
    fn checked(&mut self, (first, mut frame): (u8, Frame)) -> io::Result<Frame> {
        let last = first & FINAL != 0;
        match frame.kind {
            CONTINUED if self.begun != CONTINUED => {
                frame.kind = self.begun;
                self.begun = if last { CONTINUED } else { self.begun };
            }
            TEXT | BINARY if self.begun == CONTINUED => self.begun = if last { CONTINUED } else { frame.kind },
            CLOSE | PING | PONG if last && frame.left <= LONGEST_CONTROL => {}
            _ => return Err(broken()),
        }
        Ok(frame)
    }

    /// Only the newest question is answered.
    fn pong(&mut self, payload: Bytes) {
        if self.waiting.len() < WAITING {
            self.waiting.extend([written(PONG, payload.len()), payload]);
        }
    }

    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let mut slices = [IoSlice::new(&[]); AT_ONCE];
            let count = self.waiting.iter().zip(&mut slices).map(|(bytes, slice)| *slice = IoSlice::new(bytes)).count();
            let mut written = ready!(Pin::new(&mut self.link).poll_write_vectored(cx, &slices[..count]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            while let Some(bytes) = self.waiting.front_mut().filter(|bytes| written > 0 || bytes.is_empty()) {
                let taken = written.min(bytes.len());
                bytes.advance(taken);
                written -= taken;
                if bytes.is_empty() {
                    self.waiting.pop_front();
                }
            }
        }
        Pin::new(&mut self.link).poll_flush(cx)
    }
}

impl Frame {
    fn unmask(&mut self, payload: &mut [u8]) {
        self.left -= payload.len() as u64;
        for byte in payload {
            *byte ^= self.mask[self.done % 4];
            self.done = (self.done + 1) % 4;
        }
    }
}

/// Takes the head of a frame, if it is whole; with its first byte.
fn head(read: &mut BytesMut) -> io::Result<Option<(u8, Frame)>> {
    let [first, second, ..] = read[..] else { return Ok(None) };
    // Browsers mask what they send, and nothing was agreed on that would use the other bits.
    if second & MASKED == 0 || first & 0x70 != 0 {
        return Err(broken());
    }
    let extended = match second & !MASKED {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if read.len() < 2 + extended + 4 {
        return Ok(None);
    }
    read.advance(2);
    let left = match extended {
        2 => read.get_u16().into(),
        8 => read.get_u64(),
        _ => (second & !MASKED).into(),
    };
    let mask = read.get_u32().to_be_bytes();
    Ok(Some((first, Frame { kind: first & 0x0f, mask, left, done: 0 })))
}

/// The head of a whole message.
fn written(kind: u8, length: usize) -> Bytes {
    let mut head = vec![FINAL | kind];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..126), _) => head.push(length),
        (_, Ok(length)) => {
            head.push(126);
            head.extend(length.to_be_bytes());
        }
        _ => {
            head.push(127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head.into()
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what came is no WebSocket frame")
}

impl<Link: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<Link> {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = self.get_mut();
        loop {
            match this.unwrap() {
                _ if this.ended => return Poll::Ready(None),
                Ok(Some(bytes)) => return Poll::Ready(Some(bytes)),
                Ok(None) => {}
                Err(_) => return Poll::Ready(None),
            }
            // An answer to a question waits for nobody to send something.
            if !this.waiting.is_empty() && matches!(this.poll_write_out(cx), Poll::Ready(Err(_))) {
                return Poll::Ready(None);
            }
            this.read.reserve(READ);
            match ready!(poll_read_buf(Pin::new(&mut this.link), cx, &mut this.read)) {
                Ok(0) | Err(_) => return Poll::Ready(None),
                Ok(_) => {}
            }
        }
    }
}

impl<Link: AsyncRead + AsyncWrite + Unpin> Sink<Bytes> for WebSocket<Link> {
    type Error = io::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.waiting.len() < WAITING { Poll::Ready(Ok(())) } else { this.poll_write_out(cx) }
    }

    fn start_send(self: Pin<&mut Self>, bytes: Bytes) -> io::Result<()> {
        let this = self.get_mut();
        this.waiting.extend([written(BINARY, bytes.len()), bytes]);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_write_out(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !std::mem::replace(&mut this.closing, true) {
            this.waiting.push_back(written(CLOSE, 0));
        }
        ready!(this.poll_write_out(cx))?;
        Pin::new(&mut this.link).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::{SinkExt as _, StreamExt as _};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const MASK: [u8; 4] = [9, 7, 5, 3];

    fn said(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = written(first & 0x0f, payload.len()).to_vec();
        frame[0] = first;
        frame[1] |= MASKED;
        frame.extend(MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    /// What is heard of a stream that comes in pieces of so many bytes, and what is answered.
    async fn heard(stream: &[u8], piece: usize) -> (Vec<u8>, Vec<u8>) {
        let (mut link, theirs) = duplex(1024 * 1024);
        let mut socket = WebSocket::new(theirs);
        let stream = stream.to_vec();
        let talking = tokio::spawn(async move {
            // What comes after its end is not taken any more.
            for bytes in stream.chunks(piece) {
                let _ = link.write_all(bytes).await;
                tokio::task::yield_now().await;
            }
            let _ = link.shutdown().await;
            let mut answers = Vec::new();
            link.read_to_end(&mut answers).await.unwrap();
            answers
        });
        let mut heard = Vec::new();
        while let Some(bytes) = socket.next().await {
            heard.extend_from_slice(&bytes);
        }
        drop(socket);
        (heard, talking.await.unwrap())
    }

    #[tokio::test]
    async fn messages_are_one_stream_however_they_are_cut() {
        let long = vec![6; 70_000];
        let stream = [
            said(0x82, b"one "),
            said(0x81, b"a text"),
            said(0x02, b"two "),
            said(0x89, b"there?"),
            said(0x80, b"three "),
            said(0x82, &[]),
            said(0x82, &long),
            said(0x88, &[3, 232]),
            said(0x82, b"too late"),
        ]
        .concat();
        for piece in [1, 5, 4096, stream.len()] {
            let (heard, answers) = heard(&stream, piece).await;
            assert_eq!(heard, [&b"one two three "[..], &long].concat(), "pieces of {piece}");
            assert_eq!(answers, [&[0x8a, 6][..], b"there?"].concat());
        }
    }

    #[tokio::test]
    async fn what_is_no_frame_ends_it() {
        let good = said(0x82, b"good");
        let unmasked = [0x82, 4, 1, 2, 3, 4, 5, 6, 7, 8];
        for bad in [
            &unmasked[..],
            &said(0xc2, b"reserved"),
            &said(0x80, b"goes on with nothing"),
            &said(0x89, &[0; 126]),
            &said(0x83, b"?"),
        ] {
            assert_eq!(heard(&[&good, bad, &good].concat(), 4096).await.0, b"good", "{bad:?}");
        }
    }

    #[tokio::test]
    async fn what_is_sent_is_framed_and_whole_to_a_reader_that_is_slow() {
        for length in [1, 125, 126, 65_535, 65_536, 300_000] {
            let (mut link, theirs) = duplex(1000);
            let mut socket = WebSocket::new(theirs);
            let payload = Bytes::from((0..length).map(|byte| byte as u8).collect::<Vec<_>>());
            let expected = [&written(BINARY, length)[..], &payload, &written(BINARY, 3), b"end", &[0x88, 0]].concat();
            let sending = tokio::spawn(async move {
                socket.feed(payload).await.unwrap();
                socket.send(Bytes::from_static(b"end")).await.unwrap();
                socket.close().await.unwrap();
            });
            let mut read = Vec::new();
            link.read_to_end(&mut read).await.unwrap();
            assert!(read == expected, "{length} bytes");
            sending.await.unwrap();
        }
    }
}
