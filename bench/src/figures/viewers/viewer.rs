//! A viewer with as little around it as there can be: it asks for the next update once it has one, and notes when it came.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use holt_rfb::handshake::{ClientHandshake, ClientStep, ServerInit};
use holt_rfb::message::{ClientMessage, EncodingList, Part, ServerMessage, ServerParts};
use holt_rfb::{PixelFormat, encoding};

use super::recording::Picture;

const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// After the end was rung nothing comes any more once it has been quiet for so long.
const QUIET: Duration = Duration::from_millis(300);
const UPGRADE: &str = "GET /websockify HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n\
     sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: binary\r\n\r\n";

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

pub struct Viewer {
    wire: Box<dyn Wire>,
    /// Over a WebSocket, its frames; straight, nothing.
    frames: Option<Frames>,
    read: Vec<u8>,
    payload: Vec<u8>,
    init: ServerInit,
    parts: ServerParts,
    picture: Option<Picture>,
}

/// What a turn was like.
#[derive(Debug, Default)]
pub struct Seen {
    pub came: Vec<Instant>,
    pub bytes: u64,
}

impl Viewer {
    /// Without anything between it and the source.
    pub fn straight(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(LOOK))?;
        Self::begin(Box::new(stream), None, true)
    }

    /// Over a WebSocket. Plain ones take pixels as they are recorded and keep the picture; others read Tight, as browsers do.
    pub fn over(address: SocketAddr, plain: bool) -> Result<Self> {
        let begun = Instant::now();
        let mut stream = loop {
            match TcpStream::connect(address) {
                // A program that was just started.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused && begun.elapsed() < PATIENCE => {
                    std::thread::sleep(LOOK);
                }
                other => break other?,
            }
        };
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(UPGRADE.as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        ensure!(head.starts_with(b"HTTP/1.1 101"), "the socket was refused: {}", String::from_utf8_lossy(&head));
        stream.set_read_timeout(Some(LOOK))?;
        Self::begin(Box::new(stream), Some(Frames::default()), plain)
    }

    /// Introduces itself and waits for the first picture.
    fn begin(wire: Box<dyn Wire>, frames: Option<Frames>, plain: bool) -> Result<Self> {
        let size = holt_rfb::Size::new(1, 1)?;
        let init = ServerInit { size, format: PixelFormat::RGB32, name: String::new() };
        let parts = ServerParts::new(size, PixelFormat::RGB32);
        let (read, payload) = (vec![0; 256 * 1024], Vec::new());
        let mut viewer = Self { wire, frames, read, payload, init, parts, picture: None };
        viewer.shake_hands()?;
        viewer.parts = ServerParts::new(viewer.init.size, PixelFormat::RGB32);
        viewer.picture = plain.then(|| Picture::new(&viewer.init));
        let wanted: &[i32] = if plain { &[encoding::RAW] } else { &[encoding::TIGHT, encoding::RAW, encoding::LAST_RECT] };
        let wanted: Vec<u8> = wanted.iter().flat_map(|encoding| encoding.to_be_bytes()).collect();
        viewer.say(&ClientMessage::SetPixelFormat(PixelFormat::RGB32))?;
        viewer.say(&ClientMessage::SetEncodings(EncodingList::new(&wanted)))?;
        viewer.ask(false)?;
        let (begun, mut seen) = (Instant::now(), Seen::default());
        while seen.came.is_empty() {
            ensure!(begun.elapsed() < PATIENCE, "no picture came");
            viewer.receive()?;
            viewer.look(&mut seen)?;
        }
        Ok(viewer)
    }

    fn shake_hands(&mut self) -> Result<()> {
        let (mut handshake, begun) = (ClientHandshake::new(), Instant::now());
        while begun.elapsed() < PATIENCE {
            self.receive()?;
            let payload = std::mem::take(&mut self.payload);
            let mut input = &payload[..];
            while let Some(step) = handshake.next(&mut input)? {
                match step {
                    ClientStep::Send(words) => self.send(words)?,
                    ClientStep::Done(init) => {
                        self.init = init;
                        self.payload = input.to_vec();
                        return Ok(());
                    }
                }
            }
        }
        bail!("the greeting does not end")
    }

    /// Looks until the end of the turn was rung and it is quiet.
    pub fn watch(&mut self) -> Result<Seen> {
        let (mut seen, mut rung, mut last) = (Seen::default(), false, Instant::now());
        while !rung || last.elapsed() < QUIET {
            ensure!(last.elapsed() < PATIENCE, "nothing comes any more");
            let count = self.receive()?;
            if count > 0 {
                last = Instant::now();
                seen.bytes += count as u64;
                rung |= self.look(&mut seen)?;
            }
        }
        Ok(seen)
    }

    /// Looks for so long, whatever there is to see.
    pub fn watch_for(&mut self, time: Duration) -> Result<Seen> {
        let (mut seen, begun) = (Seen::default(), Instant::now());
        while begun.elapsed() < time {
            seen.bytes += self.receive()? as u64;
            self.look(&mut seen)?;
        }
        Ok(seen)
    }

    /// The picture, of a plain one.
    pub fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref()
    }

    /// Takes in what came, and asks for more. Says whether the end was rung.
    fn look(&mut self, seen: &mut Seen) -> Result<bool> {
        let payload = std::mem::take(&mut self.payload);
        let (mut input, mut rung) = (&payload[..], false);
        let mut done = 0;
        while let Some(part) = self.parts.next(&mut input)? {
            rung |= matches!(part.part, Part::Message(ServerMessage::Bell));
            if let Some(picture) = &mut self.picture {
                picture.draw(&part.part, part.bytes);
            }
            done += usize::from(part.update_done);
        }
        for _ in 0..done {
            seen.came.push(Instant::now());
            self.ask(true)?;
        }
        Ok(rung)
    }

    fn ask(&mut self, incremental: bool) -> Result<()> {
        self.say(&ClientMessage::UpdateRequest { incremental, area: self.init.size.rect() })
    }

    fn say(&mut self, message: &ClientMessage<'_>) -> Result<()> {
        let mut words = Vec::new();
        message.write(&mut words);
        self.send(&words)
    }

    fn send(&mut self, words: &[u8]) -> Result<()> {
        if self.frames.is_some() {
            // Short, and masked with zeros.
            let length = u8::try_from(words.len()).ok().filter(|length| *length < 126).context("too long for a frame")?;
            self.wire.write_all(&[&[0x82, 0x80 | length, 0, 0, 0, 0], words].concat())?;
        } else {
            self.wire.write_all(words)?;
        }
        Ok(())
    }

    /// Reads what is there, or nothing if that is nothing for a moment. Says how many bytes.
    fn receive(&mut self) -> Result<usize> {
        let count = match self.wire.read(&mut self.read) {
            Ok(0) => bail!("the viewer was let go"),
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => 0,
            Err(error) => return Err(error.into()),
        };
        match &mut self.frames {
            Some(frames) => frames.unwrap(&self.read[..count], &mut self.payload),
            None => self.payload.extend_from_slice(&self.read[..count]),
        }
        Ok(count)
    }
}

/// Takes a server's frames off what is in them.
#[derive(Debug, Default)]
struct Frames {
    head: Vec<u8>,
    left: u64,
    binary: bool,
}

const BINARY: u8 = 2;
const CONTINUED: u8 = 0;

impl Frames {
    fn unwrap(&mut self, mut input: &[u8], payload: &mut Vec<u8>) {
        while let Some(first) = input.first() {
            if self.left > 0 {
                let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len());
                if self.binary {
                    payload.extend_from_slice(&input[..count]);
                }
                input = &input[count..];
                self.left -= count as u64;
                continue;
            }
            self.head.push(*first);
            input = &input[1..];
            if let Some(length) = length(&self.head) {
                self.left = length;
                self.binary = matches!(self.head[0] & 0x0f, BINARY | CONTINUED);
                self.head.clear();
            }
        }
    }
}

/// The length of a frame, when its head is whole.
fn length(head: &[u8]) -> Option<u64> {
    match (head.get(1)? & 0x7f, &head[2..]) {
        (126, [high, low]) => Some(u16::from_be_bytes([*high, *low]).into()),
        (127, rest) => Some(u64::from_be_bytes(rest.try_into().ok()?)),
        (126, _) => None,
        (length, _) => Some(length.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_off_however_they_are_cut() {
        let stream = [&[0x82, 126, 1, 0][..], &[7; 256], &[0x89, 2, 1, 1], &[0x82, 1, 9]].concat();
        for piece in [1, 3, stream.len()] {
            let (mut frames, mut payload) = (Frames::default(), Vec::new());
            stream.chunks(piece).for_each(|bytes| frames.unwrap(bytes, &mut payload));
            assert_eq!(payload, [&[7; 256][..], &[9]].concat());
        }
    }
}
