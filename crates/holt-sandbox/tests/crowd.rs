//! More processes and more memory than a session may have: the next command works all the same.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::*;
use futures::{Stream, StreamExt as _};
use holt_core::id::SessionId;
use holt_core::sandbox::{Reported, SandboxReport, Sandboxes as _};
use holt_core::tool::CallStatus;
use holt_keeper::protocol::message::{self, Exit, Stream as Output};
use holt_sandbox::bwrap::{Answer, Cgroups, Verb};
use serde_json::json;

/// The next thing that is noted.
async fn noted(reports: &mut (impl Stream<Item = Reported> + Unpin)) -> (String, String) {
    let next = tokio::time::timeout(Duration::from_secs(30), reports.next()).await;
    match next.expect("nothing is reported").unwrap().report {
        SandboxReport::Noted { code, text, .. } => (code, text),
        other => panic!("{other:?}"),
    }
}

async fn start(den: &Den, session: SessionId, command: &str) {
    let asked = call(session, "execute_command_async", json!({ "command": command }));
    assert_eq!(outcome(&den.driver, asked, false).await.status, CallStatus::Succeeded);
}

async fn of_64(den: &Den) -> SessionId {
    den.open_with(|spec| spec.limits.processes = 64).await.0
}

async fn processes(den: &Den, session: SessionId) -> u32 {
    den.driver.measure(session).await.unwrap().processes
}

/// Many that have left their shell, its group and its session, and stay.
const CROWD: &str = "for i in $(seq 200); do setsid sleep 1000 & done";

both! {
    async fn what_earlier_commands_left_makes_room_for_the_next() {
        let den = Den::new();
        let (mut reports, session) = (den.driver.reports(), of_64(&den).await);
        start(&den, session, CROWD).await;
        // Without cgroups they may be ended as soon as they are too many.
        let said = tokio::time::timeout(Duration::from_secs(3), noted(&mut reports)).await;
        let outcome = den.run(session, "echo here").await;
        assert_eq!(outcome.status, CallStatus::Succeeded, "{outcome:?}");
        let (code, text) = match said {
            Ok(said) => said,
            Err(_) => noted(&mut reports).await,
        };
        assert!(code == "processes_ended" && text.contains("limit of 64 processes"), "{code}: {text}");
        assert!(processes(&den, session).await < 32);
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_command_works_beside_what_multiplies() {
        let den = Den::new();
        let session = of_64(&den).await;
        // Other shells end when they cannot start anything; this one tries again.
        let bomb = "setsid bash -c 'bomb() { bomb | bomb & }; while true; do bomb; done' > /dev/null 2>&1";
        for _ in 0..3 {
            start(&den, session, bomb).await;
            // Full, which it stays; without cgroups it may be ended before that is seen.
            let (mut most, looks) = (0, if is_root() { 2000 } else { 50 });
            for _ in 0..looks {
                most = most.max(processes(&den, session).await);
                if most >= 46 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert!(most >= 46 || !is_root(), "{most}");
            let outcome = den.run(session, "echo here").await;
            assert_eq!(outcome.status, CallStatus::Succeeded, "{outcome:?}");
        }
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn few_are_left_alone() {
        let den = Den::new();
        let session = of_64(&den).await;
        start(&den, session, "for i in $(seq 10); do setsid sleep 1000 & done; wait").await;
        eventually("they run", async || processes(&den, session).await >= 12).await;
        let outcome = den.run(session, "pgrep -c sleep").await;
        assert!(text(&outcome).contains("\n10\n"), "{}", text(&outcome));
        den.driver.close(session).await.unwrap();
    }
}

/// Where the kernel counts for each group: what commands fill leaves room for everything else.
#[test]
fn commands_do_not_take_the_place_of_other_groups() {
    if !is_root() {
        return;
    }
    within(async {
        let den = Den::new();
        let session = of_64(&den).await;
        start(&den, session, CROWD).await;
        eventually("it is full", async || processes(&den, session).await >= 48).await;
        let verb = Verb::Spawn {
            process: "a".into(),
            group: message::Group::Agent,
            argv: ["sh", "-c", "sleep 0.01 & sleep 0.01 & wait; echo went"].map(str::to_owned).to_vec(),
            variables: BTreeMap::new(),
            directory: None,
        };
        assert_eq!(den.driver.request(session, verb, Vec::new()).await.unwrap().0, Answer::Started { found: false });
        let read = Verb::ReadSpool { process: "a".into(), stream: Output::Output, from: 0 };
        let (_, output) = den.driver.request(session, read, Vec::new()).await.unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), "went\n");
        let read = Verb::ReadSpool { process: "a".into(), stream: Output::Output, from: 5 };
        let (answer, _) = den.driver.request(session, read, Vec::new()).await.unwrap();
        assert!(matches!(answer, Answer::Spooled { end: Some(Exit::Code { code: 0 }), .. }), "{answer:?}");
        den.driver.close(session).await.unwrap();
    });
}

both! {
    async fn without_cgroups_the_largest_processes_are_ended_when_all_hold_too_much() {
        let den = Den::with(|options| options.cgroups = Cgroups::None);
        let mut reports = den.driver.reports();
        let (session, _) = den.open_with(|spec| spec.limits.memory_bytes = 256 << 20).await;
        // Each within its own limit; `tail` holds the one endless line that it is given.
        start(&den, session, "sleep 1000 & for i in 1 2 3 4; do (head -c 120M /dev/zero; sleep 1000) | tail -n 1 & done; wait").await;
        let (code, text) = noted(&mut reports).await;
        assert_eq!(code, "memory_limit");
        assert!(text.contains("more than its 256.0 MiB") && text.contains("`tail`"), "{text}");
        let within_limit = async || den.driver.measure(session).await.unwrap().memory_bytes <= 300 << 20;
        eventually("the rest is within the limit", within_limit).await;
        let outcome = den.run(session, "pgrep -c tail; echo here").await;
        assert_eq!(outcome.status, CallStatus::Succeeded, "{outcome:?}");
        den.driver.close(session).await.unwrap();
    }
}
