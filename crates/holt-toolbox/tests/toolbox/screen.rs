//! The tools of the screen, on a real one.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use holt_testkit::Xvnc;
use serde_json::json;

use crate::support::{eventually, session, session_at};

/// An X server with a terminal on it.
struct Desktop {
    display: String,
    server: Xvnc,
    programs: Vec<Child>,
}

impl Desktop {
    fn new() -> Self {
        let server = Xvnc::start("1920x1080");
        Self { display: server.display.clone(), server, programs: Vec::new() }
    }

    /// A terminal that writes the next line which is typed into it to a file.
    fn terminal(&mut self, title: &str, file: &Path) {
        let script = format!("head -n 1 > {0}.part; mv {0}.part {0}", file.display());
        let terminal = Command::new("xterm")
            .args(["-u8", "-T", title, "-geometry", "80x24+0+0", "-e", "sh", "-c", &script])
            .env("DISPLAY", &self.display)
            .env("LC_ALL", "C.UTF-8")
            .spawn()
            .expect("xterm is needed");
        self.programs.push(terminal);
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

#[tokio::test]
async fn the_computer_tool_looks_clicks_and_types() {
    let mut desktop = Desktop::new();
    let session = session_at(&desktop.display).await;
    desktop.terminal("a terminal", &session.path("typed"));
    let found = async || session.call("gui_find_window", json!({ "namePattern": "terminal" })).await.ok().text;
    while !found().await.contains("a terminal") {}
    // In the shown picture, which is smaller than the screen.
    let click = session.call("computer", json!({ "action": "left_click", "coordinate": [100, 100] })).await.ok();
    assert_eq!((click.facts["width"].as_u64(), click.facts["height"].as_u64()), (Some(1429), Some(804)));
    let [(media_type, picture)] = &click.pictures[..] else { panic!("one picture: {:?}", click.text) };
    assert_eq!((media_type.as_str(), &picture[..2]), ("image/jpeg", &[0xff, 0xd8][..]));
    session.call("computer", json!({ "action": "type", "text": "grüße, otter\n" })).await.ok();
    eventually("the line is there", || session.path("typed").exists().then_some(())).await;
    assert_eq!(session.content("typed"), "grüße, otter\n");
    session.call("computer", json!({ "type": "move", "x": 714, "y": 402 })).await.ok();
    let real = session.call("gui_cursor_position", json!({})).await.ok();
    assert_eq!((real.facts["x"].as_u64(), real.facts["y"].as_u64()), (Some(960), Some(540)));
    let shown = session.call("computer", json!({ "action": "cursor_position" })).await.ok();
    assert_eq!(shown.text, "X=714,Y=402");
    let zoomed = session.call("computer", json!({ "action": "zoom", "region": [0, 0, 100, 50] })).await.ok();
    assert_eq!(zoomed.pictures[0].0, "image/png");
    session.close().await;
}

#[tokio::test]
async fn the_tools_by_name_do_as_they_say() {
    let mut desktop = Desktop::new();
    let session = session_at(&desktop.display).await;
    desktop.terminal("named tools", &session.path("typed"));
    let find = async || session.call("gui_find_window", json!({ "namePattern": "NAMED" })).await.ok().facts;
    let id = loop {
        if let Some(id) = find().await["windows"][0]["id"].as_str() {
            break id.to_owned();
        }
    };
    session.call("gui_activate_window", json!({ "windowId": id })).await.ok();
    let info = session.call("gui_get_window_info", json!({})).await.ok();
    assert!(info.text.contains("named tools"), "{}", info.text);
    session.call("gui_type", json!({ "text": "x y" })).await.ok();
    session.call("gui_key", json!({ "key": "BackSpace z Return" })).await.ok();
    eventually("the line is there", || session.path("typed").exists().then_some(())).await;
    assert_eq!(session.content("typed"), "x z\n");
    let shot = session.call("gui_screenshot", json!({})).await.ok();
    let file = shot.facts["path"].as_str().unwrap();
    assert!(file.starts_with("screenshot-") && file.ends_with(".png"), "{file}");
    assert_eq!(std::fs::read(session.path(file)).unwrap()[..4], *b"\x89PNG");
    assert_eq!(shot.pictures.len(), 1);
    assert_eq!(session.call("gui_click", json!({ "x": 1920, "y": 0 })).await.code(), "off_screen");
    assert_eq!(session.call("gui_key", json!({ "key": "warp" })).await.code(), "unknown_key");
    assert_eq!(session.call("center_window", json!({ "windowId": 5 })).await.code(), "no_window");
    assert_eq!(session.call("computer", json!({ "action": "fly" })).await.code(), "bad_arguments");
    session.close().await;
}

#[tokio::test]
async fn a_screen_that_died_is_found_again_when_another_has_come() {
    let mut desktop = Desktop::new();
    let session = session_at(&desktop.display).await;
    session.call("gui_cursor_position", json!({})).await.ok();
    desktop.server.end();
    let call = session.start("gui_cursor_position", json!({})).await;
    let again = Command::new("Xtigervnc")
        .args([&desktop.display, "-rfbport", "-1", "-rfbunixpath"])
        .arg(session.temporary.join("rfb"))
        .args(["-SecurityTypes", "None", "-nolisten", "tcp"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    desktop.programs.push(again);
    call.reply().await.ok();
    session.close().await;
}

#[tokio::test]
async fn a_sandbox_without_a_desktop_says_so() {
    let session = session().await;
    let reply = session.call("gui_screenshot", json!({})).await;
    assert_eq!((reply.code(), reply.failed), ("no_desktop", true));
    session.close().await;
}

#[tokio::test]
async fn a_file_opens_in_an_editor_on_the_desktop() {
    let desktop = Desktop::new();
    let session = session_at(&desktop.display).await;
    std::fs::write(session.path("it's a note.txt"), "river\n").unwrap();
    let opened = session.call("open_vscode", json!({ "path": "it's a note.txt" })).await.ok();
    assert!(opened.facts["pid"].as_i64().is_some(), "{}", opened.text);
    let program = opened.facts["program"].as_str().unwrap().to_owned();
    let window = async || session.call("gui_find_window", json!({ "namePattern": program })).await.ok().facts["windows"].clone();
    while window().await.as_array().unwrap().is_empty() {}
    assert_eq!(session.call("open_vscode", json!({ "path": "/etc/passwd" })).await.code(), "outside_workspace");
}
