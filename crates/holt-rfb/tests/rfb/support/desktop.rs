//! A real desktop: TigerVNC's Xvnc behind a Unix socket, real X clients that draw, and screenshots by xwd.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use holt_rfb::handshake::{ClientHandshake, ClientStep, ServerInit};

/// For everything that is waited for. Long, because machines are busy; nothing is measured by it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Ended when dropped.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub struct Desktop {
    pub display: String,
    socket: std::path::PathBuf,
    clients: Vec<Running>,
    held: Vec<Connection>,
    _server: Running,
    _directory: tempfile::TempDir,
}

fn start(command: &mut Command, package: &str) -> Child {
    let name = command.get_program().to_string_lossy().into_owned();
    let started = command.spawn();
    started.unwrap_or_else(|error| panic!("{name} cannot be started ({error}): install the Debian package {package}"))
}

impl Desktop {
    pub fn start(width: u16, height: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("rfb");
        let mut server = Command::new("Xvnc");
        server.args(["-displayfd", "1", "-rfbport", "-1", "-nolisten", "tcp", "-SecurityTypes", "None", "-AlwaysShared"]);
        server.args(["-depth", "24", "-geometry", &format!("{width}x{height}"), "-rfbunixpath"]).arg(&socket);
        server.args(["-desktop", "Größe", "-FrameRate", "1000"]);
        let mut server =
            start(server.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null()), "tigervnc-standalone-server");
        let mut number = String::new();
        let stdout = server.stdout.take().unwrap();
        let server = Running(server);
        BufReader::new(stdout).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        assert!(display.len() > 1, "Xvnc did not say which display it has");
        Self { display, socket, clients: Vec::new(), held: Vec::new(), _server: server, _directory: directory }
    }

    /// Runs an X client to its end.
    pub fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).env("DISPLAY", &self.display).stdin(Stdio::null());
        let ended = start(&mut command, package(program)).wait().unwrap();
        assert!(ended.success(), "{program} failed: {ended}");
    }

    /// Starts an X client whose output is wanted.
    pub fn ask(&self, program: &str, arguments: &[&str]) -> Child {
        let mut command = Command::new(program);
        command.args(arguments).env("DISPLAY", &self.display).stdin(Stdio::null()).stdout(Stdio::piped());
        start(&mut command, package(program))
    }

    /// Leaves an X client running.
    pub fn keep(&mut self, program: &str, arguments: &[&str]) {
        self.keep_with(("LC_ALL", "C"), program, arguments);
    }

    /// Likewise, with a variable of its environment.
    pub fn keep_with(&mut self, (name, value): (&str, &str), program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).env("DISPLAY", &self.display).env(name, value);
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::null());
        self.clients.push(Running(start(&mut command, package(program))));
    }

    /// Keeps a connection open as long as the desktop.
    pub fn hold(&mut self, connection: Connection) {
        self.held.push(connection);
    }

    /// What is on the screen, as `0x00RRGGBB`, without the pointer.
    pub fn screenshot(&self) -> (usize, usize, Vec<u32>) {
        let mut command = Command::new("xwd");
        command.args(["-root", "-silent", "-display", &self.display]).stdout(Stdio::piped()).stdin(Stdio::null());
        let mut child = start(&mut command, package("xwd"));
        let mut file = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut file).unwrap();
        assert!(child.wait().unwrap().success(), "xwd failed");
        parse(&file)
    }

    pub fn connect(&self) -> Connection {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut connection = Connection { stream, init: None };
        connection.shake_hands();
        connection
    }
}

fn package(program: &str) -> &'static str {
    match program {
        "xsetroot" => "x11-xserver-utils",
        "xterm" => "xterm",
        "xclip" => "xclip",
        "xtigervncviewer" => "tigervnc-viewer",
        _ => "x11-apps",
    }
}

fn parse(file: &[u8]) -> (usize, usize, Vec<u32>) {
    let field = |index: usize| u32::from_be_bytes(file[index * 4..index * 4 + 4].try_into().unwrap()) as usize;
    let (width, height, line) = (field(4), field(5), field(12));
    assert_eq!((field(7), field(11)), (0, 32), "pixels are 32 bits, the lowest byte first");
    let begin = field(0) + field(19) * 12;
    let rows = file[begin..].chunks_exact(line).take(height);
    let pixel = |four: &[u8]| u32::from_le_bytes(four.try_into().unwrap()) & 0x00ff_ffff;
    (width, height, rows.flat_map(|row| row[..width * 4].chunks_exact(4).map(pixel)).collect())
}

/// A connection to the desktop's server.
pub struct Connection {
    stream: UnixStream,
    init: Option<ServerInit>,
}

impl Connection {
    pub fn init(&self) -> &ServerInit {
        self.init.as_ref().unwrap()
    }

    /// The next bytes; nothing if there are none for a moment.
    pub fn read(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 64 * 1024];
        let begun = Instant::now();
        match self.stream.read(&mut buffer) {
            Ok(0) => panic!("the desktop's server closed the connection"),
            Ok(count) => buffer.truncate(count),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => buffer.clear(),
            Err(error) => panic!("reading failed after {:?}: {error}", begun.elapsed()),
        }
        buffer
    }

    /// For reading elsewhere, without giving up after a moment.
    pub fn reader(&self) -> UnixStream {
        let reader = self.stream.try_clone().unwrap();
        reader.set_read_timeout(None).unwrap();
        reader
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn shake_hands(&mut self) {
        let mut handshake = ClientHandshake::new();
        let begun = Instant::now();
        while self.init.is_none() {
            assert!(begun.elapsed() < PATIENCE, "the handshake does not end");
            let bytes = self.read();
            // One byte after the other: it may be cut anywhere.
            for byte in bytes.chunks(1) {
                let mut input = byte;
                match handshake.next(&mut input).unwrap() {
                    Some(ClientStep::Send(bytes)) => self.write(bytes),
                    Some(ClientStep::Done(init)) => self.init = Some(init),
                    None => {}
                }
                assert!(input.is_empty(), "every byte of the handshake is taken");
            }
        }
    }
}
