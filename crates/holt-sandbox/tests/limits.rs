//! What a session may use, and groups of processes that stand still and end.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use common::*;
use holt_core::id::SessionId;
use holt_core::sandbox::{Group, Sandboxes as _};
use holt_core::tool::CallStatus;
use holt_keeper::cgroup::Plan;
use holt_keeper::protocol::message::{self, Exit, Stream};
use holt_keeper::spec::RoomLimits;
use holt_sandbox::bwrap::{Answer, Cgroups, Verb};
use serde_json::json;

async fn start(den: &Den, session: SessionId, command: &str) {
    let asked = call(session, "execute_command_async", json!({ "command": command }));
    assert_eq!(outcome(&den.driver, asked, false).await.status, CallStatus::Succeeded);
}

async fn request(den: &Den, session: SessionId, verb: Verb) -> Answer {
    den.driver.request(session, verb, Vec::new()).await.unwrap().0
}

/// Something that counts in a file of the workspace.
async fn counting(den: &Den) -> (SessionId, impl Fn() -> u64) {
    let session = den.open().await;
    start(den, session, "i=0; while true; do i=$((i+1)); echo $i > next; mv next count; done").await;
    let file = den.path(&format!("sessions/{session}/workspace/count"));
    let count = move || std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    eventually("it counts", async || count() > 0).await;
    (session, count)
}

both! {
    async fn a_frozen_group_stands_still_and_goes_on_when_thawed() {
        let den = Den::new();
        let (session, count) = counting(&den).await;
        den.driver.freeze(session, Group::Commands).await.unwrap();
        let before = count();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(count(), before, "it stands still");
        den.driver.thaw(session, Group::Commands).await.unwrap();
        eventually("it goes on", async || count() > before).await;
        den.driver.freeze(session, Group::Commands).await.unwrap();
        let (trace, processes) = (den.trace(session), den.trace(session).processes());
        den.driver.close(session).await.unwrap();
        assert_eq!(trace.left(&processes), Vec::<String>::new(), "what is frozen ends too");
    }
}

both! {
    async fn a_killed_group_is_gone_and_can_be_used_again() {
        let den = Den::new();
        let (session, count) = counting(&den).await;
        den.driver.freeze(session, Group::Commands).await.unwrap();
        assert_eq!(request(&den, session, Verb::Kill { group: message::Group::Commands }).await, Answer::Done);
        let before = count();
        assert_eq!(den.run(session, "pgrep -f count || echo none").await.status, CallStatus::Succeeded);
        assert_eq!(count(), before, "it is dead");
        den.driver.close(session).await.unwrap();
    }
}

async fn read_all(den: &Den, session: SessionId, process: &str, stream: Stream) -> (String, Exit) {
    let (mut text, mut at) = (Vec::new(), 0);
    loop {
        let verb = Verb::ReadSpool { process: process.into(), stream, from: at };
        let (answer, bytes) = den.driver.request(session, verb, Vec::new()).await.unwrap();
        let Answer::Spooled { from, end } = answer else { panic!("{answer:?}") };
        assert_eq!(from, at);
        at += bytes.len() as u64;
        text.extend(bytes);
        if let Some(end) = end {
            return (String::from_utf8(text).unwrap(), end);
        }
    }
}

fn spawn(process: &str, group: message::Group, script: &str) -> Verb {
    Verb::Spawn {
        process: process.into(),
        group,
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        variables: BTreeMap::from([("OTTER".into(), "river".into())]),
        directory: None,
    }
}

both! {
    async fn a_process_of_another_group_has_its_output_spooled_and_its_input_written() {
        let den = Den::new();
        let session = den.open().await;
        let group = message::Group::Agent;
        let verb = spawn("a", group, "read line; echo $OTTER $line; echo wrong >&2; seq 1 400000; exit 7");
        assert_eq!(request(&den, session, verb.clone()).await, Answer::Started { found: false });
        assert_eq!(request(&den, session, verb).await, Answer::Started { found: true });
        let written = den.driver.request(session, Verb::Write { process: "a".into() }, b"flows\n".to_vec()).await.unwrap();
        assert_eq!(written.0, Answer::Done);
        let (text, exit) = read_all(&den, session, "a", Stream::Output).await;
        assert!(text.starts_with("river flows\n1\n2\n") && text.ends_with("399999\n400000\n"));
        assert_eq!(exit, Exit::Code { code: 7 });
        assert_eq!(read_all(&den, session, "a", Stream::Errors).await, ("wrong\n".into(), exit));
        assert_eq!(request(&den, session, Verb::Forget { process: "a".into() }).await, Answer::Done);
        request(&den, session, spawn("b", group, "sleep 1000")).await;
        // It is started when its leader says so; what is measured is what the system shows a moment later.
        loop {
            match request(&den, session, Verb::Measure { group: Some(group) }).await {
                Answer::Measured(measured) if measured.processes >= 1 => break,
                Answer::Measured(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(request(&den, session, Verb::Kill { group }).await, Answer::Done);
        let (_, exit) = read_all(&den, session, "b", Stream::Output).await;
        assert!(matches!(exit, Exit::Lost | Exit::Signal { signal: 9 }), "{exit:?}");
        let wrong = Verb::Spawn {
            process: "c".into(),
            group,
            argv: vec!["/no/such/program".into()],
            variables: BTreeMap::new(),
            directory: None,
        };
        request(&den, session, wrong).await;
        assert_eq!(read_all(&den, session, "c", Stream::Output).await, (String::new(), Exit::Code { code: 127 }));
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_writer_waits_while_its_spool_is_full_and_loses_nothing() {
        let den = Den::new();
        let session = den.open().await;
        let script = "head -c 40000000 /dev/zero | tr '\\0' x; echo end";
        request(&den, session, spawn("flood", message::Group::Agent, script)).await;
        let (text, exit) = read_all(&den, session, "flood", Stream::Output).await;
        assert_eq!((text.len(), exit), (40_000_004, Exit::Code { code: 0 }));
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_fork_bomb_is_bounded_and_felt_by_nobody_else() {
        let den = Den::new();
        let other = den.open().await;
        let (session, _) = den.open_with(|spec| spec.limits.processes = 64).await;
        start(&den, session, "bomb() { bomb | bomb & }; while true; do bomb; done").await;
        let processes = async || den.driver.measure(session).await.unwrap().processes;
        eventually("it has grown", async || processes().await >= 40).await;
        for _ in 0..20 {
            assert!(processes().await <= 64 + 20);
        }
        assert_eq!(den.run(other, "true").await.status, CallStatus::Succeeded, "the other session works");
        let (trace, processes) = (den.trace(session), den.trace(session).processes());
        den.driver.close(session).await.unwrap();
        assert_eq!(trace.left(&processes), Vec::<String>::new());
        den.driver.close(other).await.unwrap();
    }
}

both! {
    async fn a_memory_hog_is_stopped_inside_only() {
        let den = Den::new();
        let (session, _) = den.open_with(|spec| spec.limits.memory_bytes = 256 << 20).await;
        let outcome = den.run(session, "head -c 1G /dev/zero | tail -n 1 > /dev/null").await;
        assert_eq!(outcome.status, CallStatus::Failed, "{outcome:?}");
        assert_eq!(den.run(session, "echo alive").await.status, CallStatus::Succeeded);
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn empty_files_in_memory_are_bounded_where_holt_is_root() {
        let den = Den::new();
        let (session, _) = den.open_with(|spec| spec.limits.tmp_bytes = 8 << 20).await;
        let outcome = den.run(session, "cd /tmp; seq 10000 | xargs touch 2>/dev/null; ls -U | wc -l").await;
        assert_eq!(text(&outcome).contains("\n10000\n"), !is_root(), "{}", text(&outcome));
        assert_eq!(den.run(session, "echo alive").await.status, CallStatus::Succeeded);
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn memory_file_systems_and_files_are_bounded() {
        let den = Den::new();
        let (session, _) = den
            .open_with(|spec| {
                spec.limits.tmp_bytes = 1 << 20;
                spec.limits.disk_bytes = 1 << 20;
            })
            .await;
        for place in ["/tmp", "/dev/shm", "$XDG_RUNTIME_DIR", "~", "."] {
            let outcome = den.run(session, &format!("head -c 30000000 /dev/zero > {place}/big; stat -c %s {place}/big")).await;
            let text = text(&outcome);
            assert!(!text.contains("30000000\n"), "{place}: {text}");
        }
        for place in ["/", "/dev", "/etc", "/usr", "/home", "/run"] {
            let outcome = den.run(session, &format!("echo x > {place}/x")).await;
            assert_eq!(outcome.status, CallStatus::Failed, "{place}: {outcome:?}");
        }
        den.driver.close(session).await.unwrap();
    }
}

/// Control groups of version 2, where this machine has a tree of them that root may use.
fn version_2() -> Option<Plan> {
    let place = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        .map(Path::new)
        .into_iter()
        .find(|place| place.join("cgroup.controllers").exists())?;
    let directory = place.join(format!("holt-test-{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::create_dir(&directory).ok().map(|()| Plan::V2 { directory, controllers: Vec::new() })
}

async fn groups_work_with(cgroups: Cgroups) {
    let den = Den::with(|options| options.cgroups = cgroups);
    let (session, count) = counting(&den).await;
    den.driver.freeze(session, Group::Commands).await.unwrap();
    let before = count();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(count(), before, "it stands still");
    den.driver.thaw(session, Group::Commands).await.unwrap();
    eventually("it goes on", async || count() > before).await;
    assert!(!den.driver.busy(session).await.unwrap().is_empty());
    assert_eq!(request(&den, session, Verb::Kill { group: message::Group::Commands }).await, Answer::Done);
    assert!(den.driver.busy(session).await.unwrap().is_empty());
    den.driver.freeze(session, Group::Agent).await.unwrap();
    start(&den, session, "sleep 1000").await;
    den.driver.freeze(session, Group::Commands).await.unwrap();
    let (trace, processes) = (den.trace(session), den.trace(session).processes());
    den.driver.close(session).await.unwrap();
    assert_eq!(trace.left(&processes), Vec::<String>::new());
}

#[test]
fn groups_work_with_control_groups_of_version_2() {
    let Some(plan) = version_2() else { return };
    within(groups_work_with(Cgroups::Below(plan.clone())));
    if let Plan::V2 { directory, .. } = plan {
        std::fs::remove_dir(directory).expect("nothing is left below");
    }
}

#[test]
fn control_groups_that_nobody_uses_are_removed_and_others_are_not() {
    let Some(base) = version_2() else { return };
    let (Plan::V2 { directory, .. }, forgotten, used) = (&base, base.below("forgotten"), base.below("used")) else { return };
    let limits = RoomLimits { memory_bytes: 1 << 30, processes: 9, cpu_percent: 100, disk_bytes: 1 << 30 };
    forgotten.create(&limits, None).unwrap();
    used.create(&limits, None).unwrap();
    let mut sleep = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
    std::fs::write(directory.join("used/rooms/init/cgroup.procs"), sleep.id().to_string()).unwrap();
    base.remove_stale(Duration::from_secs(1000));
    assert!(directory.join("forgotten").exists(), "too young");
    base.remove_stale(Duration::ZERO);
    assert!(!directory.join("forgotten").exists() && directory.join("used/rooms/init").exists());
    assert!(used.end(), "what is in it is killed");
    assert!(!sleep.wait().unwrap().success());
    std::fs::remove_dir(directory).unwrap();
}

#[test]
fn groups_work_without_control_groups() {
    within(groups_work_with(Cgroups::None));
}
