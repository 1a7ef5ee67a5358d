//! Desktops in real sandboxes: a real X server that only the keeper's socket leads to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use common::*;
use futures::StreamExt as _;
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use holt_core::id::SessionId;
use holt_core::sandbox::{Link, SandboxError, SandboxReport, Sandboxes as _};
use holt_core::session::{DesktopSpec, Flavour};
use holt_core::tool::{CallStatus, ToolContent};
use holt_sandbox::bwrap::{BwrapDriver, Options};
use serde_json::json;

const SMALL: DesktopSpec = DesktopSpec { flavour: Flavour::Light, width: 800, height: 600 };

/// Shakes hands as a viewer does, and says how large the screen is.
async fn greet(link: &mut Box<dyn Link>) -> (u16, u16) {
    let mut version = [0; 12];
    link.read_exact(&mut version).await.unwrap();
    assert_eq!(&version, b"RFB 003.008\n");
    link.write_all(&version).await.unwrap();
    let mut types = [0; 2];
    link.read_exact(&mut types).await.unwrap();
    assert_eq!(types, [1, 1], "no password: the socket is private");
    link.write_all(&[1]).await.unwrap();
    let mut result = [0; 4];
    link.read_exact(&mut result).await.unwrap();
    link.write_all(&[1]).await.unwrap();
    let mut size = [0; 4];
    link.read_exact(&mut size).await.unwrap();
    (u16::from_be_bytes([size[0], size[1]]), u16::from_be_bytes([size[2], size[3]]))
}

async fn screen(driver: &BwrapDriver, session: SessionId) -> (u16, u16) {
    let mut link = driver.reach_desktop(session, SMALL).await.unwrap();
    greet(&mut link).await
}

both! {
    async fn a_desktop_is_started_once_and_seen_by_several() {
        let den = Den::new();
        let session = den.open().await;
        den.driver.start_desktop(session, SMALL).await.unwrap();
        den.driver.start_desktop(session, DesktopSpec { width: 1024, ..SMALL }).await.unwrap();
        assert_eq!(screen(&den.driver, session).await, (800, 600));
        let (mut one, mut other) = (den.driver.reach_desktop(session, SMALL).await.unwrap(), den.driver.reach_desktop(session, SMALL).await.unwrap());
        assert_eq!((greet(&mut one).await, greet(&mut other).await), ((800, 600), (800, 600)));
        let listening = den.run(session, "cat /proc/net/tcp /proc/net/tcp6 | grep -v -e :0C38 -e :0C39 | grep -c ' 0A '; ls /run/holt").await;
        assert!(text(&listening).contains("\n0\n"), "no port is open but the ways out: {}", text(&listening));
        assert!(den.driver.busy(session).await.unwrap().is_empty(), "a desktop alone keeps nobody awake");
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn the_agent_sees_and_uses_its_desktop() {
        let den = Den::new();
        let session = den.open().await;
        den.driver.start_desktop(session, SMALL).await.unwrap();
        let started = call(session, "execute_command_async", json!({ "command": "xterm -T inside -e sh -c 'head -n 1 > typed'" }));
        assert_eq!(outcome(&den.driver, started, false).await.status, CallStatus::Succeeded);
        eventually("the terminal is there", async || {
            outcome(&den.driver, call(session, "gui_wait_until_settled", json!({})), false).await;
            let found = outcome(&den.driver, call(session, "gui_find_window", json!({ "namePattern": "inside" })), false).await;
            text(&found).contains("inside")
        })
        .await;
        let typed = outcome(&den.driver, call(session, "computer", json!({ "action": "type", "text": "hällo\n" })), false).await;
        assert_eq!(typed.status, CallStatus::Succeeded, "{}", text(&typed));
        assert!(typed.content.iter().any(|part| matches!(part, ToolContent::Image { media_type, .. } if media_type == "image/jpeg")));
        let picture = den.driver.look(session).await.unwrap();
        assert_eq!((picture.media_type.as_str(), &picture.bytes[..2]), ("image/jpeg", &[0xff, 0xd8][..]));
        eventually("it is typed", async || text(&den.run(session, "cat typed").await).contains("hällo")).await;
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn an_x_server_that_is_killed_is_told_of_and_comes_again() {
        let den = Den::new();
        let mut reports = den.driver.reports();
        let session = den.open().await;
        den.driver.start_desktop(session, SMALL).await.unwrap();
        screen(&den.driver, session).await;
        let killed = den.run(session, "pkill -KILL Xtigervnc && echo gone").await;
        assert!(text(&killed).contains("gone"), "{}", text(&killed));
        let report = reports.next().await.unwrap().report;
        assert!(matches!(&report, SandboxReport::Noted { code, .. } if code == "desktop_ended"), "{report:?}");
        assert_eq!(den.run(session, "true").await.status, CallStatus::Succeeded, "the rest is unhurt");
        den.driver.start_desktop(session, DesktopSpec { width: 640, ..SMALL }).await.unwrap();
        assert_eq!(screen(&den.driver, session).await, (640, 600));
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_session_without_a_desktop_says_so_and_a_closed_sandbox_has_none() {
        let den = Den::new();
        let session = den.open().await;
        let none = DesktopSpec { flavour: Flavour::None, ..SMALL };
        assert!(matches!(den.driver.start_desktop(session, none).await, Err(SandboxError::CannotOpen { .. })));
        den.driver.close(session).await.unwrap();
        assert_eq!(den.driver.start_desktop(session, SMALL).await, Err(SandboxError::NotOpen));
        assert!(matches!(den.driver.reach_desktop(session, SMALL).await.err(), Some(SandboxError::NotOpen)));
    }
}

both! {
    async fn a_desktop_that_nobody_uses_is_stopped_and_one_with_a_program_or_a_viewer_is_not() {
        let den = Den::with(|options| options.desktop_rest = Duration::from_millis(300));
        let session = den.open().await;
        let mut reports = den.driver.reports();
        let runs = async || text(&den.run(session, "pgrep -c Xtigervnc").await).contains("\n1\n");
        for flavour in [Flavour::Light, Flavour::Full] {
            den.driver.start_desktop(session, DesktopSpec { flavour, ..SMALL }).await.unwrap();
            eventually("it is stopped", async || !runs().await).await;
        }
        den.driver.start_desktop(session, SMALL).await.unwrap();
        let mut link = den.driver.reach_desktop(session, SMALL).await.unwrap();
        greet(&mut link).await;
        let sleep = Duration::from_millis(1500);
        tokio::time::sleep(sleep).await;
        assert!(runs().await, "somebody looks");
        let started = call(session, "execute_command_async", json!({ "command": "xterm -T inside" }));
        outcome(&den.driver, started, false).await;
        let find = || call(session, "gui_find_window", json!({ "namePattern": "inside" }));
        eventually("it is there", async || text(&outcome(&den.driver, find(), false).await).contains("inside")).await;
        drop(link);
        tokio::time::sleep(sleep).await;
        assert!(runs().await, "a program is there");
        den.run(session, "pkill xterm").await;
        eventually("it is stopped", async || !runs().await).await;
        den.driver.close(session).await.unwrap();
        let told = reports.next().await.unwrap().report;
        assert!(!matches!(&told, SandboxReport::Noted { code, .. } if code == "desktop_ended"), "it was meant: {told:?}");
    }
}

both! {
    async fn a_desktop_that_an_earlier_server_left_is_stopped_though_nobody_touches_it() {
        let den = Den::new();
        let session = den.open().await;
        den.driver.start_desktop(session, SMALL).await.unwrap();
        let options = Options { epoch: 2, desktop_rest: Duration::from_millis(300), ..den.options.clone() };
        let next = BwrapDriver::new(options).unwrap();
        assert_eq!(next.opened().await.unwrap(), [session]);
        let runs = async || text(&run(&next, session, "pgrep -c Xtigervnc").await).contains("\n1\n");
        eventually("it is stopped", async || !runs().await).await;
        next.close(session).await.unwrap();
    }
}

both! {
    async fn a_desktop_outlives_the_server_and_dies_with_its_sandbox() {
        let den = Den::new();
        let session = den.open().await;
        den.driver.start_desktop(session, SMALL).await.unwrap();
        screen(&den.driver, session).await;
        let trace = den.trace(session);
        let next = den.successor();
        next.start_desktop(session, DesktopSpec { width: 1024, ..SMALL }).await.unwrap();
        assert_eq!(screen(&next, session).await, (800, 600), "it is the one that was there");
        let processes = trace.processes();
        next.close(session).await.unwrap();
        eventually("all is gone", async || trace.left(&processes).is_empty()).await;
        assert_eq!(std::fs::read_dir(den.path("run")).into_iter().flatten().count(), 0);
    }
}

both! {
    async fn a_whole_desktop_environment_comes_up_and_a_program_draws_in_three_dimensions() {
        let den = Den::new();
        let session = den.open().await;
        let full = DesktopSpec { flavour: Flavour::Full, width: 1920, height: 1080 };
        den.driver.start_desktop(session, full).await.unwrap();
        assert_eq!(screen(&den.driver, session).await, (1920, 1080));
        eventually("the panel is there", async || {
            outcome(&den.driver, call(session, "gui_wait_until_settled", json!({})), false).await;
            let found = outcome(&den.driver, call(session, "gui_find_window", json!({ "namePattern": "xfce4-panel" })), false).await;
            text(&found).contains("xfce4-panel")
        })
        .await;
        let renderer = den.run(session, "glxinfo -B | grep -i 'opengl renderer'").await;
        assert!(text(&renderer).contains("llvmpipe"), "{}", text(&renderer));
        let frames = den.run(session, "timeout 12 glxgears -info | grep -m1 'frames in'").await;
        assert!(text(&frames).contains("frames in"), "{}", text(&frames));
        den.driver.close(session).await.unwrap();
    }
}
