//! A real X server shared among viewers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::time::Duration;

use futures::{SinkExt, StreamExt as _, TryStreamExt as _};
use holt_desktop::{Bytes, Desktop, Ending, Permit};
use holt_rfb::handshake::{ClientHandshake, ClientStep, Security};
use holt_rfb::message::{ClientMessage, Key, Pointer};
use holt_rfb::{Screen, Upstream};
use holt_screen::{Area, Point, Screen as Display};
use holt_testkit::Xvnc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio_util::codec::{BytesCodec, FramedRead, FramedWrite};

const LOOKING: Permit = Permit { act: false, clipboard: false };
const ACTING: Permit = Permit { act: true, clipboard: true };
const HANGS: Duration = Duration::from_secs(30);

struct Server(Xvnc);

impl Server {
    fn start() -> Self {
        Self(Xvnc::start("640x480"))
    }

    async fn desktop(&self) -> Desktop {
        open(&self.0.socket).await
    }

    fn display(&self) -> Display {
        Display::open(&self.0.display).unwrap()
    }
}

async fn open(socket: &Path) -> Desktop {
    Desktop::open(UnixStream::connect(socket).await.unwrap()).await.unwrap()
}

/// A viewer of a test: the other end of what the desktop serves.
struct Viewer {
    link: DuplexStream,
    upstream: Upstream,
    screen: Screen,
    permit: watch::Sender<Permit>,
    serving: tokio::task::JoinHandle<Ending>,
}

impl Viewer {
    async fn new(desktop: &Desktop, permit: Permit) -> Self {
        let (mut link, theirs) = tokio::io::duplex(64 * 1024);
        let (permit, permitted) = watch::channel(permit);
        let desktop = desktop.clone();
        let serving = tokio::spawn(async move {
            let (read, write) = tokio::io::split(theirs);
            let from = FramedRead::new(read, BytesCodec::new()).map_ok(|bytes| bytes.freeze());
            let from = from.take_while(|read| std::future::ready(read.is_ok())).map(Result::unwrap).boxed();
            let to = SinkExt::<Bytes>::sink_map_err(FramedWrite::new(write, BytesCodec::new()), drop::<std::io::Error>);
            desktop.serve(from, to, Security::None, permitted).await
        });
        let mut handshake = ClientHandshake::new();
        let (upstream, screen) = 'greeting: loop {
            let bytes = read(&mut link).await;
            let mut input = &bytes[..];
            while let Some(step) = handshake.next(&mut input).unwrap() {
                match step {
                    ClientStep::Send(words) => link.write_all(words).await.unwrap(),
                    ClientStep::Done(init) => {
                        let (mut upstream, mut screen) = Upstream::new(&init);
                        assert_eq!(upstream.next(&mut input, &mut screen).unwrap(), None);
                        break 'greeting (upstream, screen);
                    }
                }
            }
        };
        let mut viewer = Self { link, upstream, screen, permit, serving };
        viewer.say().await;
        viewer
    }

    async fn say(&mut self) {
        if let Some(words) = self.upstream.outgoing() {
            self.link.write_all(&words).await.unwrap();
        }
    }

    /// Looks until the screen is as it should be.
    async fn sees(&mut self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let looking = async {
            while !(self.screen.is_settled() && is_so(&self.screen)) {
                self.upstream.ask();
                self.say().await;
                let bytes = read(&mut self.link).await;
                let mut input = &bytes[..];
                while self.upstream.next(&mut input, &mut self.screen).unwrap().is_some() {}
            }
        };
        tokio::time::timeout(HANGS, looking).await.unwrap_or_else(|_| panic!("never seen: {what}"));
    }

    async fn act(&mut self, message: ClientMessage<'_>) {
        let mut words = Vec::new();
        message.write(&mut words);
        self.link.write_all(&words).await.unwrap();
    }

    async fn point(&mut self, x: u16, y: u16) {
        self.act(ClientMessage::Pointer(Pointer { x, y, buttons: 0, extended: false })).await;
    }
}

async fn read(link: &mut DuplexStream) -> Bytes {
    let mut bytes = bytes::BytesMut::with_capacity(16 * 1024);
    let count = tokio::time::timeout(HANGS, link.read_buf(&mut bytes)).await.expect("nothing comes").unwrap();
    assert!(count > 0, "the desktop has closed the connection");
    bytes.freeze()
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(HANGS, looking).await.unwrap_or_else(|_| panic!("it is not so that {what}"));
}

fn all(colour: u32) -> impl Fn(&Screen) -> bool {
    // The pointer may be in the picture of those who only look: it is in the middle.
    move |screen| {
        let width = usize::from(screen.size().width);
        screen.pixels()[..width * 100].iter().all(|pixel| pixel & 0x00ff_ffff == colour)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_viewer_sees_the_screen_whenever_it_comes_and_after_each_change() {
    let server = Server::start();
    let (desktop, display) = (server.desktop().await, server.display());
    display.set_background(0x0020_4060).unwrap();
    let mut first = Viewer::new(&desktop, LOOKING).await;
    first.sees("the first colour", all(0x0020_4060)).await;
    let mut second = Viewer::new(&desktop, LOOKING).await;
    second.sees("the first colour, late", all(0x0020_4060)).await;
    display.set_background(0x00c0_a080).unwrap();
    first.sees("the second colour", all(0x00c0_a080)).await;
    second.sees("the second colour", all(0x00c0_a080)).await;
    assert_eq!(desktop.counts().viewers, 2);
    drop(first);
    until("one has left", || desktop.counts().viewers == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_permitted_acts_and_nothing_stays_pressed() {
    let server = Server::start();
    let (desktop, mut display) = (server.desktop().await, server.display());
    display.move_to(Point { x: 5, y: 5 }).unwrap();
    let mut viewer = Viewer::new(&desktop, LOOKING).await;
    viewer.point(300, 200).await;
    viewer.act(ClientMessage::Key(Key { keysym: 0xffe3, position: None, down: true })).await;
    until("both were refused", || desktop.counts().refused == 2).await;
    assert_eq!((display.pointer().unwrap(), desktop.idle()), (Point { x: 5, y: 5 }, None));
    viewer.permit.send_replace(ACTING);
    viewer.point(300, 200).await;
    until("the pointer has moved", || display.pointer().unwrap() == Point { x: 300, y: 200 }).await;
    assert!(desktop.idle().is_some());
    let held = |display: &Display| display.modifiers().unwrap();
    viewer.act(ClientMessage::Key(Key { keysym: 0xffe3, position: None, down: true })).await;
    until("control is down", || held(&display) == 4).await;
    viewer.permit.send_replace(LOOKING);
    until("control is let go", || held(&display) == 0).await;
    viewer.point(10, 10).await;
    until("it is refused again", || desktop.counts().refused == 3).await;
    assert_eq!(display.pointer().unwrap(), Point { x: 300, y: 200 });
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_delays_nobody_and_catches_up() {
    let server = Server::start();
    let (desktop, display) = (server.desktop().await, server.display());
    let mut slow = Viewer::new(&desktop, LOOKING).await;
    slow.upstream.ask();
    slow.say().await;
    let mut quick = Viewer::new(&desktop, LOOKING).await;
    let colours: Vec<u32> = (1..40).map(|number| number * 0x0003_0507).collect();
    for colour in &colours {
        display.set_background(*colour).unwrap();
        quick.sees("each colour", all(*colour)).await;
    }
    // It never held more than two updates of the screen, and sees the last colour without those between.
    slow.sees("the last colour", all(*colours.last().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_act_changes_the_size_for_all() {
    let server = Server::start();
    let (desktop, display) = (server.desktop().await, server.display());
    let mut watching = Viewer::new(&desktop, LOOKING).await;
    let mut acting = Viewer::new(&desktop, ACTING).await;
    acting.sees("anything", |_| true).await;
    let monitors = [holt_rfb::message::Monitor { id: 0, area: holt_rfb::Rect::new(0, 0, 800, 600), flags: 0 }];
    let resize = ClientMessage::SetDesktopSize { width: 800, height: 600, monitors: monitors.to_vec() };
    acting.act(resize).await;
    watching.sees("the new size", |screen| (screen.size().width, screen.size().height) == (800, 600)).await;
    assert_eq!(display.size().unwrap().width, 800);
    let part = server.display().picture(Some(Area { x: 700, y: 500, width: 10, height: 10 })).unwrap();
    assert_eq!(part.width, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_x_server_is_the_end_for_all() {
    let mut server = Server::start();
    let desktop = server.desktop().await;
    let mut viewer = Viewer::new(&desktop, LOOKING).await;
    viewer.sees("anything", |_| true).await;
    server.0.end();
    let ending = tokio::time::timeout(HANGS, viewer.serving).await.unwrap().unwrap();
    assert_eq!(ending, Ending::DesktopGone);
    assert!(desktop.is_closed());
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_ends_its_viewer_alone() {
    let server = Server::start();
    let desktop = server.desktop().await;
    let mut good = Viewer::new(&desktop, LOOKING).await;
    let mut bad = Viewer::new(&desktop, ACTING).await;
    bad.link.write_all(&[77; 64]).await.unwrap();
    let ending = tokio::time::timeout(HANGS, bad.serving).await.unwrap().unwrap();
    assert!(matches!(ending, Ending::Protocol(_)), "{ending:?}");
    good.sees("anything", |_| true).await;
    assert!(!desktop.is_closed());
}
