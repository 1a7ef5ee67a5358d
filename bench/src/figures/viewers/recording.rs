//! What a real Xvnc sent while text ran over a terminal on it: recorded once, in plain pixels, and played to everybody.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use holt_rfb::handshake::{ClientHandshake, ClientStep, ServerInit};
use holt_rfb::message::{ClientMessage, EncodingList, Part, ServerParts};
use holt_rfb::{PixelFormat, encoding};

use crate::process;

/// The terminal's part of the screen, in letters: about a third of it.
const TERMINAL: &str = "120x40+40+40";
const RUNNING_TEXT: &str = "while :; do find /usr/share -ls; done";
/// An update of this size is one in which the terminal's text has moved.
const MOVING: usize = 500_000;
const BETWEEN: Duration = Duration::from_millis(30);
const PATIENCE: Duration = Duration::from_secs(30);
const PIXEL: usize = 4;

/// Updates, of which the first is the whole picture.
#[derive(Debug)]
pub struct Recording {
    pub init: ServerInit,
    pub updates: Vec<Vec<u8>>,
}

impl Recording {
    pub fn make(directory: &Path, updates: usize) -> Result<Self> {
        let socket = directory.join("recorded");
        let server = Display::start(Some(&socket))?;
        let _terminal = server.run("xterm", &["-geometry", TERMINAL, "-e", "sh", "-c", RUNNING_TEXT])?;
        let mut recorder = Recorder::connect(&socket)?;
        recorder.update(false)?;
        while recorder.update(true)?.len() < MOVING {}
        let first = recorder.update(false)?;
        let mut recorded = vec![first];
        while recorded.len() < updates {
            std::thread::sleep(BETWEEN);
            recorded.push(recorder.update(true)?);
        }
        Ok(Self { init: recorder.init, updates: recorded })
    }

    /// What is to be seen after so many updates, played one after the other and from the beginning again.
    pub fn picture_after(&self, played: usize) -> Result<Picture> {
        let mut picture = Picture::new(&self.init);
        let mut parts = ServerParts::new(self.init.size, PixelFormat::RGB32);
        for update in self.updates.iter().take((played - 1) % self.updates.len() + 1) {
            let mut input = &update[..];
            while let Some(part) = parts.next(&mut input)? {
                picture.draw(&part.part, part.bytes);
            }
        }
        Ok(picture)
    }
}

/// Plain pixels, as a viewer has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    pixels: Vec<u8>,
}

impl Picture {
    pub fn new(init: &ServerInit) -> Self {
        Self { width: init.size.width.into(), pixels: vec![0; init.size.rect().area() * PIXEL] }
    }

    /// Takes a row, if it is one.
    pub fn draw(&mut self, part: &Part<'_>, row: &[u8]) {
        let Part::Content { of, piece } = part else { return };
        if of.encoding == encoding::RAW {
            let begin = ((usize::from(of.area.y) + piece) * self.width + usize::from(of.area.x)) * PIXEL;
            self.pixels[begin..begin + row.len()].copy_from_slice(row);
        }
    }

    /// Whether both show the same: the fourth byte of a pixel is nobody's.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        let pixels =
            |picture: &Self| picture.pixels.chunks_exact(PIXEL).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect::<Vec<_>>();
        pixels(self) == pixels(other)
    }
}

/// An X server of the host's, like those of sandboxes.
#[derive(Debug)]
pub struct Display {
    pub name: String,
    server: Running,
}

/// Ended when dropped.
#[derive(Debug)]
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Display {
    pub fn start(socket: Option<&Path>) -> Result<Self> {
        let mut command = Command::new("Xtigervnc");
        command.args(["-displayfd", "1", "-rfbport", "-1", "-nolisten", "tcp", "-SecurityTypes", "None", "-AlwaysShared"]);
        command.args(["-depth", "24", "-geometry", "1280x800"]);
        if let Some(socket) = socket {
            command.arg("-rfbunixpath").arg(socket);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = Running(command.spawn().context("Xtigervnc")?);
        let mut number = String::new();
        BufReader::new(server.0.stdout.take().context("its output")?).read_line(&mut number)?;
        ensure!(!number.trim().is_empty(), "the X server did not say which display it has");
        Ok(Self { name: format!(":{}", number.trim()), server })
    }

    /// The processor time that it took so far.
    pub fn cpu(&self) -> Duration {
        process::cpu(self.server.0.id())
    }

    /// A program on it.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<Running> {
        let mut command = Command::new(program);
        command.args(arguments).env("DISPLAY", &self.name);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Running(command.spawn().with_context(|| program.to_owned())?))
    }
}

/// A viewer that keeps what it gets.
struct Recorder {
    stream: UnixStream,
    init: ServerInit,
    parts: ServerParts,
    read: Vec<u8>,
}

impl Recorder {
    fn connect(socket: &Path) -> Result<Self> {
        let mut stream = UnixStream::connect(socket).context("the recorded desktop")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let init = shake_hands(&mut stream)?;
        let plain: Vec<u8> = encoding::RAW.to_be_bytes().into();
        let mut words = Vec::new();
        ClientMessage::SetPixelFormat(PixelFormat::RGB32).write(&mut words);
        ClientMessage::SetEncodings(EncodingList::new(&plain)).write(&mut words);
        stream.write_all(&words)?;
        Ok(Self { stream, parts: ServerParts::new(init.size, PixelFormat::RGB32), init, read: vec![0; 256 * 1024] })
    }

    /// The next update, as it was sent.
    fn update(&mut self, incremental: bool) -> Result<Vec<u8>> {
        let mut words = Vec::new();
        ClientMessage::UpdateRequest { incremental, area: self.init.size.rect() }.write(&mut words);
        self.stream.write_all(&words)?;
        let mut update = Vec::new();
        loop {
            let count = self.stream.read(&mut self.read)?;
            ensure!(count > 0, "the recorded desktop has gone");
            let mut input = &self.read[..count];
            while let Some(part) = self.parts.next(&mut input)? {
                if !matches!(part.part, Part::Message(_)) {
                    update.extend_from_slice(part.bytes);
                }
                if part.update_done {
                    // It was asked for one.
                    ensure!(input.is_empty(), "more than one update came");
                    return Ok(update);
                }
            }
        }
    }
}

/// A viewer's side of the beginning. Nothing is sent to a viewer after it that it did not ask for.
fn shake_hands(stream: &mut UnixStream) -> Result<ServerInit> {
    let (mut handshake, mut read) = (ClientHandshake::new(), [0; 1024]);
    loop {
        let count = stream.read(&mut read)?;
        ensure!(count > 0, "the recorded desktop has gone");
        let mut input = &read[..count];
        while let Some(step) = handshake.next(&mut input)? {
            match step {
                ClientStep::Send(words) => stream.write_all(words)?,
                ClientStep::Done(init) => return Ok(init),
            }
        }
    }
}
