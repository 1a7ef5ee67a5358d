//! A real viewer, TigerVNC's, in front of a real desktop, with this crate between them: it shows what is on the desktop, and
//! what is typed into it arrives there when it may.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use holt_rfb::handshake::{Security, ServerHandshake, ServerInit, ServerStep};
use holt_rfb::message::{ClientMessage, Key, Pointer};
use holt_rfb::{Heard, Permit, PixelFormat, Screen, Upstream, Viewer};

use crate::support::desktop::{Connection, Desktop, PATIENCE};

/// Bytes, and from where.
enum Came {
    FromDesktop(Vec<u8>),
    FromViewer(Vec<u8>),
}

/// Reads until the other side closes.
fn forward(mut from: impl Read + Send + 'static, to: Sender<Came>, wrap: fn(Vec<u8>) -> Came) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.send(wrap(buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    });
}

/// A relay for one viewer, as simple as can be.
struct Relay {
    desktop: Connection,
    socket: TcpStream,
    came: Receiver<Came>,
    upstream: Upstream,
    screen: Screen,
    viewer: Viewer,
    permit: Permit,
    refused: usize,
}

impl Relay {
    fn new(desktop: &Desktop, listener: &TcpListener) -> Self {
        let desktop = desktop.connect();
        let (mut upstream, mut screen) = Upstream::new(desktop.init());
        // Xvnc draws the pointer for those who did not move it, and screenshots are without it.
        upstream.act(&ClientMessage::Pointer(Pointer { x: 10, y: 10, buttons: 0, extended: false }), &mut screen);
        let (mut socket, _) = listener.accept().unwrap();
        shake_hands(&mut socket, &screen);
        let (sender, came) = channel();
        forward(desktop.reader(), sender.clone(), Came::FromDesktop);
        forward(socket.try_clone().unwrap(), sender, Came::FromViewer);
        let viewer = Viewer::new(screen.size());
        Self { desktop, socket, came, upstream, screen, viewer, permit: Permit::default(), refused: 0 }
    }

    /// Deals with what came; false if nothing did for a moment.
    fn turn(&mut self) -> bool {
        self.upstream.ask();
        if let Some(bytes) = self.upstream.outgoing() {
            self.desktop.write(&bytes);
        }
        if let Some(bytes) = self.viewer.replies() {
            self.socket.write_all(&bytes).unwrap();
        }
        while let Some(update) = self.viewer.update(&mut self.screen) {
            self.socket.write_all(&update.head).unwrap();
            self.socket.write_all(&update.body).unwrap();
        }
        match self.came.recv_timeout(Duration::from_millis(200)) {
            Ok(Came::FromDesktop(bytes)) => {
                let mut input = &bytes[..];
                while self.upstream.next(&mut input, &mut self.screen).unwrap().is_some() {}
            }
            Ok(Came::FromViewer(bytes)) => self.hear(&bytes),
            Err(_) => return false,
        }
        true
    }

    fn hear(&mut self, mut bytes: &[u8]) {
        while let Some(heard) = self.viewer.next(&mut bytes, self.permit).unwrap() {
            match heard {
                Heard::Act(message) => drop(self.upstream.act(&message, &mut self.screen)),
                Heard::Refused => self.refused += 1,
                Heard::Nothing | Heard::Clipboard(_) => {}
            }
        }
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while self.turn() || !done(self) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
        }
    }
}

fn shake_hands(socket: &mut TcpStream, screen: &Screen) {
    let security = Security::Password { password: "pass word".into(), challenge: *b"never used twice" };
    let mut handshake = ServerHandshake::new(security);
    socket.write_all(ServerHandshake::hello()).unwrap();
    loop {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        match handshake.next(&mut &byte[..]).unwrap() {
            Some(ServerStep::Send(bytes)) => socket.write_all(&bytes).unwrap(),
            Some(ServerStep::Done { shared }) => break assert!(shared),
            Some(ServerStep::Refuse(_, error)) => panic!("the viewer is refused: {error}"),
            None => {}
        }
    }
    let mut init = Vec::new();
    ServerInit { size: screen.size(), format: PixelFormat::RGB32, name: screen.name().into() }.write(&mut init);
    socket.write_all(&init).unwrap();
}

/// Types into the place where the viewer's window is, as a person there would.
fn type_at(seat: &mut Desktop, x: u16, letters: &str) {
    let mut hands = seat.connect();
    let mut bytes = Vec::new();
    ClientMessage::Pointer(Pointer { x, y: 100, buttons: 0, extended: false }).write(&mut bytes);
    for letter in letters.bytes() {
        for down in [true, false] {
            ClientMessage::Key(Key { down, keysym: u32::from(letter), position: None }).write(&mut bytes);
        }
    }
    hands.write(&bytes);
    seat.hold(hands);
}

#[test]
fn a_real_viewer_shows_the_desktop_and_types_into_it_when_it_may() {
    let mut desktop = Desktop::start(600, 400);
    desktop.run("xsetroot", &["-mod", "7", "5", "-fg", "tomato", "-bg", "navy"]);
    desktop.keep("xlogo", &["-geometry", "180x140+400+10"]);
    desktop.keep("xterm", &["-geometry", "50x20+20+30", "-e", "ls -l /usr/bin | tail -n 15; stty -echo; cat"]);
    let mut seat = Desktop::start(600, 400);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("127.0.0.1::{}", listener.local_addr().unwrap().port());
    let arguments =
        ["-Shared", "-FullScreen", "-RemoteResize=0", "-NoJPEG", "-AutoSelect=0", "-ReconnectOnError=0", "-AlertOnFatalError=0"];
    seat.keep_with(
        ("VNC_PASSWORD", "pass word"),
        "xtigervncviewer",
        &[&arguments[..], &["-PreferredEncoding=Tight", &address]].concat(),
    );
    let mut relay = Relay::new(&desktop, &listener);
    let letters = |desktop: &Desktop| desktop.screenshot().2;
    relay.until("the viewer to show the desktop", |_| letters(&desktop) == letters(&seat));

    // Nobody gave it control.
    let before = letters(&desktop);
    type_at(&mut seat, 100, "ignored\r");
    relay.until("its input to be refused", |relay| relay.refused >= 16);
    assert!(letters(&desktop) == before, "what was refused did nothing");

    relay.permit = Permit { act: true, clipboard: true };
    type_at(&mut seat, 101, "taken\r");
    relay.until("what was typed to be on both", |_| {
        let now = letters(&desktop);
        now != before && now == letters(&seat)
    });
}
