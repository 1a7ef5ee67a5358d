//! Attacks of an agent on its own toolbox: each ends in time, is told, and the next call works.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::*;
use futures::StreamExt as _;
use holt_core::id::SessionId;
use holt_core::sandbox::{CallUpdate, Group, SandboxReport, Sandboxes as _};
use holt_core::tool::{CallOutcome, CallStatus};
use holt_keeper::protocol::message;
use holt_sandbox::bwrap::{Answer, Verb};
use serde_json::json;

/// The code of the next report that notes something.
async fn noted(reports: &mut (impl futures::Stream<Item = holt_core::sandbox::Reported> + Unpin), session: SessionId) -> String {
    loop {
        let report = reports.next().await.unwrap();
        if let SandboxReport::Noted { code, .. } = report.report {
            assert_eq!(report.session, session);
            return code;
        }
    }
}

both! {
    async fn a_toolbox_that_is_stopped_is_noticed_and_replaced() {
        let den = Den::new();
        let session = den.open().await;
        let mut reports = den.driver.reports();
        // What it left runs on until the silence is noticed, and no longer.
        let attack = den.run(session, "setsid sleep 1000 & kill -STOP $PPID; sleep 1000").await;
        assert_eq!(attack.status, CallStatus::Failed, "{attack:?}");
        assert!(text(&attack).contains("did not answer"), "{}", text(&attack));
        assert_eq!(noted(&mut reports, session).await, "toolbox_silent");
        assert!(den.driver.busy(session).await.unwrap().is_empty(), "all that commands had started is ended");
        let next = den.run(session, "echo here; pgrep sleep || echo none").await;
        assert!(text(&next).contains("here\nnone"), "{}", text(&next));
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_toolbox_that_is_stopped_when_its_call_is_cancelled_is_replaced_too() {
        let den = Den::new();
        let session = den.open().await;
        let mut reports = den.driver.reports();
        let asked = call(session, "execute_command", json!({ "command": "kill -STOP $PPID & echo here; sleep 1000" }));
        let mut updates = den.driver.call(asked.clone(), false).await.unwrap();
        let toolbox = || {
            let below = holt_keeper::tree::descendants(den.trace(session).keeper());
            below.iter().any(|process| process.state == 'T')
        };
        eventually("it stands still", async || toolbox()).await;
        den.driver.cancel(session, asked.call).await.unwrap();
        let last = loop {
            match updates.next().await.unwrap() {
                CallUpdate::Output { .. } => {}
                CallUpdate::Finished(outcome) => break outcome,
            }
        };
        assert_eq!(last.status, CallStatus::Cancelled);
        assert_eq!(noted(&mut reports, session).await, "toolbox_silent");
        assert_eq!(den.run(session, "true").await.status, CallStatus::Succeeded);
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_stopped_leader_of_the_commands_is_replaced_with_the_toolbox_that_it_did_not_start() {
        let den = Den::new();
        let session = den.open().await;
        // The toolbox's parent leads the group, and starts no toolbox while it is stopped.
        let attack = den.run(session, "kill -STOP $(ps -o ppid= -p $PPID); kill -9 $PPID; sleep 1000").await;
        assert_eq!(attack.status, CallStatus::Failed, "{attack:?}");
        let met = den.run(session, "echo first").await;
        assert_eq!(met.status, CallStatus::Failed, "{met:?}");
        assert_eq!(den.run(session, "echo second").await.status, CallStatus::Succeeded);
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_toolbox_that_is_killed_by_its_command_fails_the_call_at_once() {
        let den = Den::new();
        let session = den.open().await;
        let mut reports = den.driver.reports();
        let attack = den.run(session, "kill -9 $PPID; sleep 1000").await;
        assert_eq!(attack.status, CallStatus::Failed, "{attack:?}");
        assert!(text(&attack).contains("toolbox died"), "{}", text(&attack));
        assert_eq!(noted(&mut reports, session).await, "toolbox_died");
        assert_eq!(den.run(session, "true").await.status, CallStatus::Succeeded);
        den.driver.close(session).await.unwrap();
    }
}

/// A command that says itself that it may take long, and that the keeper gives only so many seconds.
async fn given(den: &Den, session: SessionId, command: &str, seconds: u64) -> CallOutcome {
    let asked = call(session, "execute_command", json!({ "command": command, "timeout_seconds": 600 }));
    let updates = den.driver.call_within(asked, false, Duration::from_secs(seconds)).await.unwrap();
    match updates.collect::<Vec<_>>().await.pop() {
        Some(CallUpdate::Finished(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

both! {
    async fn a_call_that_is_late_is_given_up_and_stopped() {
        let den = Den::new();
        let session = den.open().await;
        let late = given(&den, session, "sleep 1000", 1).await;
        assert_eq!(late.status, CallStatus::Failed);
        assert!(text(&late).contains("did not end within"), "{}", text(&late));
        eventually("the toolbox was told to stop it", async || den.driver.busy(session).await.unwrap().is_empty()).await;
        assert_eq!(given(&den, session, "true", 60).await.status, CallStatus::Succeeded);
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_call_waits_while_its_group_is_frozen_and_is_not_late_by_that() {
        let den = Den::new();
        let session = den.open().await;
        den.driver.freeze(session, Group::Commands).await.unwrap();
        let call = given(&den, session, "echo went", 2);
        let thaw = async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            den.driver.thaw(session, Group::Commands).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(call, thaw);
        assert_eq!(outcome.status, CallStatus::Succeeded, "{outcome:?}");
        // Also one for which the toolbox has to be started again.
        assert_eq!(request(&den, session, Verb::Kill { group: message::Group::Commands }).await, Answer::Done);
        den.driver.freeze(session, Group::Commands).await.unwrap();
        let call = given(&den, session, "echo went", 20);
        let thaw = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            den.driver.thaw(session, Group::Commands).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(call, thaw);
        assert_eq!(outcome.status, CallStatus::Succeeded, "{outcome:?}");
        den.driver.close(session).await.unwrap();
    }
}

async fn request(den: &Den, session: SessionId, verb: Verb) -> Answer {
    den.driver.request(session, verb, Vec::new()).await.unwrap().0
}
