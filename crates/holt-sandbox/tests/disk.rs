//! What a session may hold on disk, and what happens when the disk itself is full: two different things.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use common::*;
use futures::{Stream, StreamExt as _};
use holt_core::id::SessionId;
use holt_core::sandbox::{CallUpdate, Reported, SandboxReport, Sandboxes as _};
use holt_core::session::WorkspaceSpec;
use holt_core::tool::CallStatus;
use serde_json::json;

const MIB: u64 = 1 << 20;

/// A driver that counts often, and a session with a share of so many bytes.
async fn with_share(bytes: u64) -> (Den, SessionId, impl Stream<Item = Reported> + Unpin) {
    let den = Den::with(|options| {
        options.disk_look = Duration::from_millis(20);
        options.disk_count = Duration::from_millis(40);
    });
    let reports = den.driver.reports();
    let (session, _) = den.open_with(|spec| spec.limits.disk_bytes = bytes).await;
    (den, session, reports)
}

async fn next(reports: &mut (impl Stream<Item = Reported> + Unpin)) -> SandboxReport {
    let next = tokio::time::timeout(Duration::from_secs(30), reports.next()).await;
    next.expect("nothing is reported").unwrap().report
}

/// The next report, which is that the session is over its share.
async fn over(reports: &mut (impl Stream<Item = Reported> + Unpin)) -> String {
    let report = next(reports).await;
    let SandboxReport::Noted { code, text, .. } = report else { panic!("{report:?}") };
    assert_eq!(code, "disk_share");
    text
}

async fn start(den: &Den, session: SessionId, command: &str) {
    let asked = call(session, "execute_command_async", json!({ "command": command }));
    assert_eq!(outcome(&den.driver, asked, false).await.status, CallStatus::Succeeded);
}

const WRITE_ON: &str = "i=0; while true; do i=$((i+1)); head -c 100000 /dev/zero > file$i.$$; done";

both! {
    async fn what_writes_more_than_the_session_s_share_is_ended_and_the_agent_can_delete() {
        let (den, session, mut reports) = with_share(2 * MIB).await;
        start(&den, session, WRITE_ON).await;
        let said = over(&mut reports).await;
        assert!(said.contains("more than its share of 2.0 MiB") && said.contains("ended"), "{said}");
        eventually("the writer is gone", async || den.driver.busy(session).await.unwrap().is_empty()).await;
        // It is still over, and does not grow: nothing is ended.
        let listed = den.run(session, "sleep 0.5; ls | wc -l").await;
        assert_eq!(listed.status, CallStatus::Succeeded, "{listed:?}");
        start(&den, session, WRITE_ON).await;
        over(&mut reports).await;
        eventually("it is gone again", async || den.driver.busy(session).await.unwrap().is_empty()).await;
        let deleted = den.run(session, "rm -f file*; sleep 0.5; echo small > kept").await;
        assert_eq!(deleted.status, CallStatus::Succeeded, "{deleted:?}");
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_call_whose_command_is_over_the_share_ends_as_the_toolbox_says() {
        let (den, session, mut reports) = with_share(2 * MIB).await;
        let outcome = den.run(session, WRITE_ON).await;
        assert_eq!(outcome.status, CallStatus::Failed);
        assert!(text(&outcome).contains("137"), "killed, says its toolbox: {}", text(&outcome));
        over(&mut reports).await;
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn what_is_hidden_from_the_count_counts() {
        let fill = "for i in 1 2 3 4 5 6; do head -c 900000 /dev/zero > $i; done";
        for (way, said) in [
            (format!("mkdir shut; cd shut; {fill}; cd ..; chmod 300 shut; sleep 1000"), "more than its share"),
            (format!("mkdir shut; cd shut; {fill}; cd ..; chmod 000 shut .; sleep 1000"), "more than its share"),
            (format!("{}; {fill}; sleep 1000", "for i in $(seq 230); do mkdir d; cd d; done"), "too deep"),
            ("for i in 3 4 5 6 7 8; do eval \"exec $i>open\"; rm open; head -c 900000 /dev/zero >&$i; done; sleep 1000".into(), "more than its share"),
        ] {
            let (den, session, mut reports) = with_share(3 * MIB).await;
            start(&den, session, &way).await;
            let text = over(&mut reports).await;
            assert!(text.contains(said), "{way}: {text}");
            eventually("it is ended", async || den.driver.busy(session).await.unwrap().is_empty()).await;
            den.driver.close(session).await.unwrap();
        }
    }
}

fn free_bytes(path: &Path) -> u64 {
    let system = rustix::fs::statvfs(path).unwrap();
    system.f_bavail * system.f_frsize
}

/// Takes so much of the disk, at once and without writing it.
fn take(path: &Path, bytes: u64) {
    let file = File::create(path).unwrap();
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes).unwrap();
}

/// The next report that everything stands still or goes on again.
async fn standing(reports: &mut (impl Stream<Item = Reported> + Unpin)) -> SandboxReport {
    loop {
        let report = next(reports).await;
        if matches!(report, SandboxReport::Held { .. } | SandboxReport::Released) {
            return report;
        }
    }
}

both! {
    async fn below_the_disk_s_floor_all_stands_still_calls_wait_and_a_later_server_is_told() {
        const GIB: u64 = 1 << 30;
        let place = tempfile::tempdir().unwrap();
        let free = free_bytes(place.path());
        assert!(free > 10 * GIB, "this test needs room on the disk for a moment");
        let den = Den::with(|options| {
            options.disk_look = Duration::from_millis(20);
            // Far from what is free now, either way: others use this disk too.
            options.disk_floor = Some(free - 4 * GIB);
        });
        let (mut reports, session) = (den.driver.reports(), den.open().await);
        let (file, large) = (den.path(&format!("sessions/{session}/workspace/count")), place.path().join("large"));
        start(&den, session, "i=0; while true; do i=$((i+1)); echo $i > next; mv next count; done").await;
        let count = || std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
        eventually("it counts", async || count() > 0).await;
        take(&large, 8 * GIB);
        let held = standing(&mut reports).await;
        assert!(matches!(&held, SandboxReport::Held { code, text } if code == "disk_floor" && text.contains("GiB free")), "{held:?}");
        let before = count();
        let next = den.successor();
        let mut later = next.reports();
        assert_eq!(next.opened().await.unwrap(), [session]);
        assert_eq!(std::mem::discriminant(&standing(&mut later).await), std::mem::discriminant(&held));
        let asked = call(session, "execute_command", json!({ "command": "echo went" }));
        let mut updates = next.call(asked, false).await.unwrap();
        let waited = tokio::time::timeout(Duration::from_millis(300), updates.next()).await;
        assert!(waited.is_err(), "the call waits: {waited:?}");
        assert_eq!(count(), before, "it stands still");
        std::fs::remove_file(&large).unwrap();
        assert_eq!(standing(&mut later).await, SandboxReport::Released);
        let last = updates.collect::<Vec<_>>().await.pop();
        assert!(matches!(last, Some(CallUpdate::Finished(outcome)) if outcome.status == CallStatus::Succeeded));
        eventually("it goes on", async || count() > before).await;
        next.close(session).await.unwrap();
    }
}

both! {
    async fn a_sandbox_that_opens_below_the_floor_stands_still_and_can_be_closed() {
        let den = Den::with(|options| {
            options.disk_look = Duration::from_millis(20);
            options.disk_floor = Some(u64::MAX);
        });
        let (mut reports, session) = (den.driver.reports(), den.open().await);
        assert!(matches!(standing(&mut reports).await, SandboxReport::Held { .. }));
        den.driver.close(session).await.unwrap();
    }
}

/// A small file system of its own, where this is root.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Self {
        let place = project();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m,mode=0777", "none"])
            .arg(place.path())
            .status();
        assert!(mounted.unwrap().success());
        Self(place)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn the_file_system_of_the_user_s_own_directory_has_a_floor_too() {
    if !is_root() {
        return;
    }
    within(async {
        let small = Small::mount();
        let path = small.0.path().canonicalize().unwrap();
        let den = Den::with(|options| options.disk_look = Duration::from_millis(20));
        let mut reports = den.driver.reports();
        let workspace = WorkspaceSpec::Directory { path: path.display().to_string() };
        let (session, _) = den.open_with(|spec| spec.workspace = workspace).await;
        start(&den, session, "head -c 65500000 /dev/zero > large; sleep 1000").await;
        assert!(matches!(standing(&mut reports).await, SandboxReport::Held { .. }));
        std::fs::remove_file(path.join("large")).unwrap();
        assert_eq!(standing(&mut reports).await, SandboxReport::Released);
        den.driver.close(session).await.unwrap();
    });
}
