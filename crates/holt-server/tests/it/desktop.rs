//! Watching a desktop, and driving it: a real X server behind the real routes.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use holt_core::access::Scope;
use holt_core::id::SessionId;
use holt_core::sandbox::Group;
use holt_rfb::handshake::{ClientHandshake, ClientStep};
use holt_rfb::message::{ClientMessage, Pointer};
use holt_rfb::{Screen, Upstream};
use holt_screen::{Point, Screen as Display};
use holt_testkit::{eventually, within};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::harness::{Feed, TestServer};

pub struct Xvnc {
    pub server: holt_testkit::Xvnc,
    pub display: Display,
}

impl Xvnc {
    pub fn start(server: &TestServer) -> Self {
        let socket = server.directory.path().join("rfb");
        let started = Self::at(&socket);
        server.sandboxes.set_screen(socket);
        started
    }

    pub fn at(socket: &std::path::Path) -> Self {
        let server = holt_testkit::Xvnc::at(socket, "640x480");
        Self { display: Display::open(&server.display).unwrap(), server }
    }

    fn pointer(&self) -> (i32, i32) {
        let Point { x, y } = self.display.pointer().unwrap();
        (x, y)
    }
}

/// A viewer over the socket of the server.
pub struct Viewer {
    feed: Feed,
    upstream: Upstream,
    screen: Screen,
}

impl Viewer {
    pub async fn open(server: &TestServer, key: &str, session: SessionId, client: Option<Uuid>) -> Result<Self, u16> {
        let query = client.map_or_else(String::new, |client| format!("?client={client}"));
        let target = format!("/v2/sessions/{session}/desktop{query}");
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("sec-websocket-protocol", "binary")];
        Ok(Self::over(Feed::try_open(server.address, &target, &headers).await?).await)
    }

    /// Over a socket that is open.
    pub async fn over(mut feed: Feed) -> Self {
        let mut handshake = ClientHandshake::new();
        loop {
            let bytes = read(&mut feed).await.expect("the socket is open");
            let mut input = &bytes[..];
            while let Some(step) = handshake.next(&mut input).unwrap() {
                match step {
                    ClientStep::Send(words) => feed.socket.send(Message::binary(words.to_vec())).await.unwrap(),
                    ClientStep::Done(init) => {
                        let (upstream, screen) = Upstream::new(&init);
                        let mut viewer = Self { feed, upstream, screen };
                        viewer.say().await;
                        return viewer;
                    }
                }
            }
        }
    }

    async fn say(&mut self) {
        if let Some(words) = self.upstream.outgoing() {
            self.feed.socket.send(Message::binary(words)).await.unwrap();
        }
    }

    pub async fn sees(&mut self, colour: u32) {
        let is_so = |screen: &Screen| {
            screen.is_settled() && screen.pixels()[..640 * 100].iter().all(|pixel| pixel & 0x00ff_ffff == colour)
        };
        while !is_so(&self.screen) {
            self.upstream.ask();
            self.say().await;
            let bytes = read(&mut self.feed).await.expect("the socket is open");
            let mut input = &bytes[..];
            while self.upstream.next(&mut input, &mut self.screen).unwrap().is_some() {}
        }
    }

    pub async fn point(&mut self, x: u16, y: u16) {
        self.press(x, y, 0).await;
    }

    pub async fn press(&mut self, x: u16, y: u16, buttons: u16) {
        let mut words = Vec::new();
        ClientMessage::Pointer(Pointer { x, y, buttons, extended: false }).write(&mut words);
        self.feed.socket.send(Message::binary(words)).await.unwrap();
    }

    pub async fn ended(&mut self) {
        while read(&mut self.feed).await.is_some() {}
    }
}

async fn read(feed: &mut Feed) -> Option<Vec<u8>> {
    loop {
        match within("bytes of the desktop", feed.socket.next()).await? {
            Ok(Message::Binary(bytes)) => return Some(bytes.to_vec()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// A session whose sandbox is open.
async fn awake(server: &TestServer) -> SessionId {
    let session = server.session().await;
    let woken = server.client().post(&format!("/v2/sessions/{session}/wake"), &json!({})).await;
    assert_eq!(woken.status, 200, "{woken:?}");
    session
}

fn control(action: &str, client: Uuid) -> Value {
    json!({ "action": action, "client": client })
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_watches_and_one_drives_while_the_agent_s_programs_stand_still() {
    let server = TestServer::start().await;
    let xvnc = Xvnc::start(&server);
    let session = awake(&server).await;
    let (person, path) = (Uuid::new_v4(), format!("/v2/sessions/{session}/control"));
    xvnc.display.set_background(0x0011_2233).unwrap();
    let mut watching = Viewer::open(&server, &server.key, session, None).await.unwrap();
    let mut driving = Viewer::open(&server, &server.key, session, Some(person)).await.unwrap();
    watching.sees(0x0011_2233).await;
    driving.sees(0x0011_2233).await;
    let before = xvnc.pointer();
    driving.point(100, 100).await;
    // What comes back was asked for after that, so it was heard.
    xvnc.display.set_background(0x0044_5566).unwrap();
    driving.sees(0x0044_5566).await;
    assert_eq!(xvnc.pointer(), before, "nobody drives yet");

    let taken = server.client().post(&path, &control("take", person)).await;
    assert_eq!((taken.status, &taken.json()["control"]["client"]), (200, &json!(person)));
    eventually("the agent's programs stand still", || server.sandboxes.is_frozen(session, Group::Commands)).await;
    within("the pointer to follow", async {
        while xvnc.pointer() != (120, 130) {
            driving.point(120, 130).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    watching.point(300, 300).await;
    xvnc.display.set_background(0x0077_8899).unwrap();
    watching.sees(0x0077_8899).await;
    assert_eq!(xvnc.pointer(), (120, 130), "the other viewer only watches");

    let other = Uuid::new_v4();
    let refused = server.client().post(&path, &control("take", other)).await;
    assert_eq!((refused.status, refused.code()), (409, "control_held".to_owned()));
    assert_eq!(server.client().post(&path, &control("give", other)).await.code(), "control_held");
    assert_eq!(server.client().post(&path, &control("give", person)).await.status, 200);
    eventually("they go on", || !server.sandboxes.is_frozen(session, Group::Commands)).await;
    driving.point(5, 5).await;
    xvnc.display.set_background(0x0000_aa00).unwrap();
    driving.sees(0x0000_aa00).await;
    assert_eq!(xvnc.pointer(), (120, 130));
    drop((watching, driving));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_only_look_drives_nothing_and_a_revoked_one_sees_nothing() {
    let server = TestServer::start().await;
    let xvnc = Xvnc::start(&server);
    let session = awake(&server).await;
    let (key, id) = server.record("owner", &[Scope::View], None).await;
    let person = Uuid::new_v4();
    let path = format!("/v2/sessions/{session}/control");
    assert_eq!(server.stranger().with_key(&key).post(&path, &control("take", person)).await.status, 403);
    assert_eq!(server.client().post(&path, &control("take", person)).await.status, 200);
    let mut viewer = Viewer::open(&server, &key, session, Some(person)).await.unwrap();
    let before = xvnc.pointer();
    viewer.point(10, 20).await;
    xvnc.display.set_background(0x0011_2233).unwrap();
    viewer.sees(0x0011_2233).await;
    assert_eq!(xvnc.pointer(), before);
    assert_eq!(server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    within("the end of the viewer", viewer.ended()).await;
    let stranger = server.key("somebody", &[Scope::View]).await;
    assert_eq!(Viewer::open(&server, &stranger, session, None).await.err(), Some(404));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_that_cannot_be_had_is_said_so() {
    let server = TestServer::start().await;
    let session = server.session().await;
    assert_eq!(Viewer::open(&server, &server.key, session, None).await.err(), Some(409), "the session is asleep");
    let none = json!({ "desktop": { "flavour": "none" } });
    let made = server.client().post("/v2/sessions", &none).await.json();
    let without = made["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(Viewer::open(&server, &server.key, without, None).await.err(), Some(400));
    let huge = json!({ "desktop": { "flavour": "light", "width": 60000, "height": 800 } });
    assert_eq!(server.client().post("/v2/sessions", &huge).await.code(), "desktop_size");
    let session = awake(&server).await;
    assert_eq!(Viewer::open(&server, &server.key, session, None).await.err(), Some(503), "there is no screen");
    let path = format!("/v2/sessions/{session}/desktop");
    let plain = server.client().get(&path).await;
    assert_eq!((plain.status, plain.code()), (426, "upgrade_required".to_owned()));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_x_server_ends_its_viewers_and_the_next_one_finds_the_new_one() {
    let server = TestServer::start().await;
    let mut xvnc = Xvnc::start(&server);
    let session = awake(&server).await;
    let mut viewer = Viewer::open(&server, &server.key, session, None).await.unwrap();
    xvnc.server.end();
    within("the end of the viewer", viewer.ended()).await;
    drop(xvnc);
    std::fs::remove_file(server.directory.path().join("rfb")).unwrap();
    let xvnc = Xvnc::start(&server);
    xvnc.display.set_background(0x0012_3456).unwrap();
    let mut viewer = Viewer::open(&server, &server.key, session, None).await.unwrap();
    viewer.sees(0x0012_3456).await;
    drop(viewer);
    server.stop().await;
}

#[tokio::test]
async fn a_picture_of_the_desktop_is_had_unless_a_person_drives() {
    let server = TestServer::start().await;
    let session = awake(&server).await;
    let path = format!("/v2/sessions/{session}/screenshot");
    let picture = server.client().get(&path).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"));
    assert_eq!(picture.header("cache-control"), "no-store");
    assert!(server.sandboxes.desktop(session).is_some(), "it was started for it");
    let person = Uuid::new_v4();
    let control_path = format!("/v2/sessions/{session}/control");
    assert_eq!(server.client().post(&control_path, &control("take", person)).await.status, 200);
    assert_eq!(server.client().get(&path).await.code(), "control_held");
    let stranger = server.key("somebody", &[Scope::View]).await;
    assert_eq!(server.stranger().with_key(&stranger).get(&path).await.status, 404);
    server.stop().await;
}
