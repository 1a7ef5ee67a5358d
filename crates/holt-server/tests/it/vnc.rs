//! Native viewers on a port of their own: vncdotool and TigerVNC's viewer, and those that should not get in.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use holt_core::id::SessionId;
use holt_server::VncOptions;
use holt_testkit::{eventually, within};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::desktop::Xvnc;
use crate::harness::TestServer;

const PASSWORD: &str = "otterden";

async fn serve(takes_control: bool) -> TestServer {
    let listen = vec![([127, 0, 0, 1], 0).into()];
    let vnc = VncOptions { listen, password: PASSWORD.into(), takes_control, wide: false };
    TestServer::start_with(|options| options.vnc = Some(vnc)).await
}

/// The client that the set-up puts beside the tests.
fn vncdo(address: SocketAddr, password: &str) -> Command {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.dev/vncdo/bin/vncdo");
    assert!(program.exists(), "vncdotool is needed: run `scripts/setup.sh tests`");
    let mut command = Command::new(program);
    command.args(["--nocursor", "-t", "60", "-p", password, "-s"]).arg(format!("127.0.0.1::{}", address.port()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn done(command: &mut Command) {
    let ended = within("vncdotool", command.output()).await.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// The pixels of a BMP, which stands on its head: red, green, blue.
fn pixels(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let head = u32::from_le_bytes(bytes[10..14].try_into().unwrap()) as usize;
    assert_eq!(bytes.len() - head, 640 * 480 * 3);
    let rows = bytes[head..].chunks_exact(640 * 3).rev();
    rows.flat_map(|row| row.chunks_exact(3).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]])).collect()
}

fn shown(xvnc: &mut Xvnc) -> Vec<u8> {
    xvnc.display.picture(None).unwrap().pixels.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect()
}

/// The same, but for the pointer, which each draws where it likes.
fn are_alike(one: &[u8], other: &[u8]) -> bool {
    let differ = one.chunks_exact(3).zip(other.chunks_exact(3)).filter(|(one, other)| one != other).count();
    one.len() == other.len() && differ < 32 * 32
}

/// A terminal on the desktop that writes what is typed into a file.
fn terminal(xvnc: &Xvnc, file: &Path) -> Child {
    let line = format!("touch {0}.up; IFS= read -r line; printf %s \"$line\" > {0}.new; mv {0}.new {0}; cat", file.display());
    let mut command = Command::new("xterm");
    command.args(["-geometry", "60x20+0+0", "-e", "sh", "-c", &line]).env("DISPLAY", &xvnc.server.display).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("xterm is needed")
}

async fn terminal_is_up(file: &Path) {
    eventually("the terminal", || file.with_extension("up").exists()).await;
}

async fn control(server: &TestServer, session: SessionId) -> serde_json::Value {
    server.client().get(&format!("/v2/sessions/{session}")).await.json()["control"].clone()
}

async fn kinds(server: &TestServer, session: SessionId) -> Vec<String> {
    let events = server.client().get(&format!("/v2/sessions/{session}/events?limit=200")).await.json();
    events["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn vncdotool_sees_the_default_desktop_and_types_into_it_where_it_may() {
    let server = serve(true).await;
    let mut xvnc = Xvnc::start(&server);
    let without = server.client().post("/v2/sessions", &json!({ "title": "older" })).await.json();
    let session = server.session().await;
    let none = json!({ "desktop": { "flavour": "none" } });
    assert_eq!(server.client().post("/v2/sessions", &none).await.status, 201);
    xvnc.display.set_background(0x0031_4159).unwrap();
    let picture = server.directory.path().join("seen.bmp");
    done(vncdo(server.vnc, PASSWORD).arg("capture").arg(&picture)).await;
    assert!(are_alike(&pixels(&picture), &shown(&mut xvnc)), "what it sees is what is there");
    assert_eq!(&pixels(&picture)[..3], [0x31, 0x41, 0x59]);
    assert!(server.sandboxes.desktop(session).is_some(), "the newest that has one");
    let older = without["id"].as_str().unwrap().parse().unwrap();
    assert!(server.sandboxes.desktop(older).is_none());
    assert!(!kinds(&server, session).await.contains(&"control_taken".to_owned()), "looking takes nothing");

    let typed = server.directory.path().join("typed");
    let _terminal = terminal(&xvnc, &typed);
    terminal_is_up(&typed).await;
    done(vncdo(server.vnc, PASSWORD).args(["move", "100", "100", "type", "an otter's den", "key", "enter"])).await;
    eventually("what was typed", || typed.exists()).await;
    assert_eq!(std::fs::read_to_string(&typed).unwrap(), "an otter's den");
    within("the desktop to be given back", async {
        while !control(&server, session).await.is_null() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let kinds = kinds(&server, session).await;
    assert!(kinds.contains(&"control_taken".to_owned()) && kinds.contains(&"control_returned".to_owned()), "{kinds:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_takes_nothing_from_a_person_and_nothing_at_all_where_it_only_watches() {
    for takes_control in [false, true] {
        let server = serve(takes_control).await;
        let xvnc = Xvnc::start(&server);
        let session = server.session().await;
        let path = format!("/v2/sessions/{session}/control");
        assert_eq!(server.client().post(&format!("/v2/sessions/{session}/wake"), &json!({})).await.status, 200);
        let person = uuid::Uuid::new_v4();
        if takes_control {
            let taken = server.client().post(&path, &json!({ "action": "take", "client": person })).await;
            assert_eq!(taken.status, 200);
        }
        let typed = server.directory.path().join("typed");
        let _terminal = terminal(&xvnc, &typed);
        terminal_is_up(&typed).await;
        let picture = server.directory.path().join("seen.bmp");
        let before = xvnc.display.pointer().unwrap();
        // The picture is asked for after the keys, so they were heard when it is there.
        done(
            vncdo(server.vnc, PASSWORD).args(["move", "100", "100", "type", "nothing", "key", "enter", "capture"]).arg(&picture),
        )
        .await;
        assert!(!typed.exists());
        assert_eq!(xvnc.display.pointer().unwrap(), before);
        let holder = control(&server, session).await;
        assert_eq!(holder["client"].as_str(), takes_control.then(|| person.to_string()).as_deref());
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_viewer_shows_the_default_desktop() {
    let server = serve(false).await;
    let mut xvnc = Xvnc::start(&server);
    server.session().await;
    xvnc.display.set_background(0x0027_1828).unwrap();
    let typed = server.directory.path().join("typed");
    let _terminal = terminal(&xvnc, &typed);
    terminal_is_up(&typed).await;
    let mut seat = Xvnc::at(&server.directory.path().join("seat"));
    let mut viewer = Command::new("xtigervncviewer");
    viewer.args(["-Shared", "-FullScreen", "-RemoteResize=0", "-NoJPEG", "-AutoSelect=0", "-PreferredEncoding=Tight"]);
    viewer.args(["-ReconnectOnError=0", "-AlertOnFatalError=0"]).arg(format!("127.0.0.1::{}", server.vnc.port()));
    viewer.env("DISPLAY", &seat.server.display).env("VNC_PASSWORD", PASSWORD).env("HOME", server.directory.path());
    let _viewer =
        viewer.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("xtigervncviewer is needed");
    eventually("the viewer to show the desktop", || are_alike(&shown(&mut seat), &shown(&mut xvnc))).await;
    server.stop().await;
}

async fn closes(mut stream: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    // Bytes that were not read make it a reset.
    let _ = within("the end of the connection", stream.read_to_end(&mut said)).await;
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_the_password() {
    let server = serve(true).await;
    let _xvnc = Xvnc::start(&server);
    let session = server.session().await;
    let wrong = vncdo(server.vnc, "wrongone").args(["capture", "unseen.bmp"]).output().await.unwrap();
    assert!(!wrong.status.success());
    // One that asks for no password, which is not offered.
    let mut stream = TcpStream::connect(server.vnc).await.unwrap();
    stream.write_all(b"RFB 003.008\n\x01\x01").await.unwrap();
    let said = closes(stream).await;
    assert_eq!(&said[..14], b"RFB 003.008\n\x01\x02", "the password is the only way");
    assert_eq!(&said[14..18], [0, 0, 0, 1]);
    for garbage in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[0; 4096], &[255; 64]] {
        let mut stream = TcpStream::connect(server.vnc).await.unwrap();
        let _ = stream.write_all(garbage).await;
        closes(stream).await;
    }
    assert!(server.sandboxes.desktop(session).is_none(), "nothing was started for them");
    let seen = server.directory.path().join("seen.bmp");
    done(vncdo(server.vnc, PASSWORD).arg("capture").arg(&seen)).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_is_slowed_down_and_nobody_else() {
    let server = serve(false).await;
    let _xvnc = Xvnc::start(&server);
    server.session().await;
    let mut refused = false;
    for _ in 0..40 {
        let mut stream = TcpStream::connect(server.vnc).await.unwrap();
        let _ = stream.write_all(b"RFB 003.008\n\x02________________").await;
        refused |= closes(stream).await.is_empty();
    }
    assert!(refused, "too many wrong passwords");
    assert_eq!(server.client().get("/v2/me").await.status, 200, "keys are apart from it");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_take_nothing_from_others() {
    let server = serve(false).await;
    let _xvnc = Xvnc::start(&server);
    let session = server.session().await;
    let mut streams = Vec::new();
    for _ in 0..1000 {
        streams.push(TcpStream::connect(server.vnc).await.unwrap());
    }
    assert_eq!(server.client().get("/v2/me").await.status, 200);
    assert!(server.sandboxes.desktop(session).is_none());
    let mut greeted = 0;
    for mut stream in streams.drain(..) {
        let mut hello = [0; 12];
        greeted += usize::from(within("a word or the end", stream.read_exact(&mut hello)).await.is_ok());
    }
    assert!((1..=32).contains(&greeted), "{greeted} places");
    let seen: PathBuf = server.directory.path().join("seen.bmp");
    within("a place", async {
        while !vncdo(server.vnc, PASSWORD).arg("capture").arg(&seen).output().await.unwrap().status.success() {}
    })
    .await;
    server.stop().await;
}
