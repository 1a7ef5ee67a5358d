//! Recordings: what happened on a real X server, played by a viewer that shares no code with what recorded it.

use std::time::Duration;

use holt_core::access::Scope;
use holt_core::id::SessionId;
use holt_testkit::within;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desktop::{Viewer, Xvnc};
use crate::harness::TestServer;
use holt_testkit::display::Display;

async fn serve(segment_bytes: u64, recording_bytes: u64) -> TestServer {
    TestServer::start_with(|options| {
        options.limits.segment_bytes = segment_bytes;
        options.limits.recording_bytes = recording_bytes;
        options.timing.recording = Duration::from_millis(1);
    })
    .await
}

/// A session that is recorded from the beginning, awake, whose desktop was used.
async fn recorded(server: &TestServer, xvnc: &Xvnc, colour: u32) -> SessionId {
    let made = server.client().post("/v2/sessions", &json!({ "record_desktop": true })).await.json();
    let session: SessionId = made["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(made["recording"]["while_driven"], json!(false));
    assert_eq!(server.client().post(&format!("/v2/sessions/{session}/wake"), &json!({})).await.status, 200);
    xvnc.display.set_background(colour).unwrap();
    use_desktop(server, session).await;
    session
}

async fn use_desktop(server: &TestServer, session: SessionId) {
    assert_eq!(server.client().get(&format!("/v2/sessions/{session}/screenshot")).await.status, 200);
}

async fn list(server: &TestServer, session: SessionId) -> Value {
    server.client().get(&format!("/v2/sessions/{session}/recording")).await.json()
}

async fn kinds(server: &TestServer, session: SessionId) -> Vec<String> {
    let events = server.client().get(&format!("/v2/sessions/{session}/events?limit=200")).await.json();
    events["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

/// The pieces of a part: when each came, and its bytes.
fn pieces(bytes: &[u8]) -> Vec<(u32, &[u8])> {
    assert_eq!(&bytes[..8], b"HOLTREC1");
    let (mut rest, mut pieces) = (&bytes[16..], Vec::new());
    while !rest.is_empty() {
        let number = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap());
        let end = 12 + number(0) as usize;
        pieces.push((number(8), &rest[12..end]));
        rest = &rest[end..];
    }
    pieces
}

/// The colour of the upper part of the screen after each piece of a recording, from one part to the next.
async fn colours(server: &TestServer, session: SessionId) -> Vec<u32> {
    let mut colours = Vec::new();
    for item in list(server, session).await["items"].as_array().unwrap() {
        let path = format!("/v2/sessions/{session}/recording/{}", item["number"]);
        let part = server.client().get(&path).await;
        // A part that is the oldest may have gone meanwhile.
        if part.status != 200 {
            continue;
        }
        let pieces = pieces(&part.body);
        let Some(((_, init), frames)) = pieces.split_first() else { continue };
        let side = |at: usize| u16::from_be_bytes([init[at], init[at + 1]]);
        let mut display = Display::new(side(0), side(2));
        for (_, frame) in frames {
            display.show(frame);
            let shown = &display.pixels[..640 * 100];
            assert!(shown.iter().all(|pixel| *pixel == shown[0]), "a whole picture from the first piece on");
            colours.push(shown[0]);
        }
    }
    colours.dedup();
    colours
}

async fn until_recorded(server: &TestServer, session: SessionId, colour: u32) {
    within("a colour to be recorded", async {
        while colours(server, session).await.last() != Some(&colour) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_recorded_and_nothing_while_nothing_does() {
    // Once in one part, and once with a part for every change.
    for segment_bytes in [1 << 20, 1] {
        let server = serve(segment_bytes, 1 << 30).await;
        let xvnc = Xvnc::start(&server);
        let session = recorded(&server, &xvnc, 0x0011_0000).await;
        for colour in [0x0011_0000, 0x0000_2200, 0x0000_0033] {
            xvnc.display.set_background(colour).unwrap();
            until_recorded(&server, session, colour).await;
        }
        assert_eq!(colours(&server, session).await, [0x0011_0000, 0x0000_2200, 0x0000_0033]);
        let before = list(&server, session).await;
        // More looks at the desktop change nothing on it, and are looks at what the recorder has seen.
        for _ in 0..3 {
            let mut viewer = Viewer::open(&server, &server.key, session, None).await.unwrap();
            viewer.sees(0x0000_0033).await;
        }
        assert_eq!(list(&server, session).await, before);
        let items = before["items"].as_array().unwrap();
        assert_eq!(items.len(), if segment_bytes == 1 { 3 } else { 1 }, "{items:?}");
        assert!(items.iter().all(|item| item["from"].as_i64() <= item["to"].as_i64()));

        let stopped = server.client().post(&format!("/v2/sessions/{session}/recording"), &json!({ "action": "stop" })).await;
        assert_eq!(stopped.json()["recording"], Value::Null);
        xvnc.display.set_background(0x0012_3456).unwrap();
        let mut viewer = Viewer::open(&server, &server.key, session, None).await.unwrap();
        viewer.sees(0x0012_3456).await;
        let again = server.client().post(&format!("/v2/sessions/{session}/recording"), &json!({ "action": "start" })).await;
        assert_eq!(again.status, 200);
        xvnc.display.set_background(0x0065_4321).unwrap();
        until_recorded(&server, session, 0x0065_4321).await;
        let kinds = kinds(&server, session).await;
        assert!(kinds.contains(&"recording_started".to_owned()) && kinds.contains(&"recording_stopped".to_owned()));
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_does_is_not_recorded_unless_they_say_so() {
    for while_driven in [false, true] {
        let server = serve(1 << 20, 1 << 30).await;
        let xvnc = Xvnc::start(&server);
        let session = recorded(&server, &xvnc, 0x0010_1010).await;
        until_recorded(&server, session, 0x0010_1010).await;
        let (person, path) = (Uuid::new_v4(), format!("/v2/sessions/{session}/control"));
        let record = json!({ "action": "start", "while_driven": while_driven });
        let recording = format!("/v2/sessions/{session}/recording");
        let said = server.client().post(&recording, &json!({ "action": "start", "while_driven": true })).await;
        assert_eq!(said.json()["recording"]["while_driven"], json!(false), "nobody says it for whoever will drive");
        assert_eq!(server.client().post(&path, &json!({ "action": "take", "client": person })).await.status, 200);
        let said = server.client().post(&recording, &record).await;
        assert_eq!(said.json()["recording"]["while_driven"], json!(while_driven));
        xvnc.display.set_background(0x0066_6666).unwrap();
        let mut viewer = Viewer::open(&server, &server.key, session, Some(person)).await.unwrap();
        viewer.sees(0x0066_6666).await;
        if while_driven {
            until_recorded(&server, session, 0x0066_6666).await;
        }
        xvnc.display.set_background(0x0030_3030).unwrap();
        viewer.sees(0x0030_3030).await;
        assert_eq!(server.client().post(&path, &json!({ "action": "give", "client": person })).await.status, 200);
        xvnc.display.set_background(0x0040_4040).unwrap();
        until_recorded(&server, session, 0x0040_4040).await;
        assert_eq!(colours(&server, session).await.contains(&0x0066_6666), while_driven);
        let kinds = kinds(&server, session).await;
        let told = |kind: &str| kinds.iter().filter(|known| *known == kind).count();
        assert_eq!((told("recording_paused"), told("recording_resumed")), (1, 1), "{kinds:?}");
        drop(viewer);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_parts_go_and_it_is_said_once() {
    let server = serve(1, 8192).await;
    let xvnc = Xvnc::start(&server);
    let session = recorded(&server, &xvnc, 0x0000_0001).await;
    for colour in 1..20 {
        xvnc.display.set_background(colour).unwrap();
        until_recorded(&server, session, colour).await;
    }
    let kept = list(&server, session).await;
    let bytes: u64 = kept["items"].as_array().unwrap().iter().map(|item| item["bytes"].as_u64().unwrap()).sum();
    assert!(bytes <= 8192 + 4096, "{bytes}");
    assert!(kept["dropped"].as_u64().unwrap() > 0);
    let path = format!("/v2/sessions/{session}/recording/1");
    assert_eq!(server.client().get(&path).await.status, 404);
    let events = server.client().get(&format!("/v2/sessions/{session}/events?limit=200")).await.json();
    let told = events["events"].as_array().unwrap().iter().filter(|event| event["body"]["code"] == "recording_bound").count();
    assert_eq!(told, 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_its_owner_s_and_keeps_nothing_awake() {
    let server = serve(1 << 20, 1 << 30).await;
    let xvnc = Xvnc::start(&server);
    let session = recorded(&server, &xvnc, 0x0010_1010).await;
    until_recorded(&server, session, 0x0010_1010).await;
    let path = format!("/v2/sessions/{session}/recording");
    let part = server.client().with("range", "bytes=0-7").get(&format!("{path}/1")).await;
    assert_eq!((part.status, part.body.clone()), (206, b"HOLTREC1".to_vec()));
    assert!(part.header("content-disposition").starts_with("attachment"));
    let stranger = server.key("somebody", &[Scope::View]).await;
    for path in [path.clone(), format!("{path}/1")] {
        assert_eq!(server.stranger().with_key(&stranger).get(&path).await.status, 404);
        assert_eq!(server.stranger().get(&path).await.status, 401);
    }
    let viewer = server.key("owner", &[Scope::View]).await;
    assert_eq!(server.stranger().with_key(&viewer).post(&path, &json!({ "action": "stop" })).await.status, 403);
    assert_eq!(server.client().get(&format!("{path}/no")).await.status, 400);
    // Recording is no viewing: an idle session sleeps, and what was recorded is finished.
    assert_eq!(server.client().post(&format!("/v2/sessions/{session}/sleep"), &json!({})).await.status, 200);
    drop(xvnc);
    assert_eq!(colours(&server, session).await, [0x0010_1010]);
    assert_eq!(server.client().delete(&format!("/v2/sessions/{session}")).await.status, 204);
    assert_eq!(server.client().get(&path).await.status, 404);
    server.stop().await;
}
