//! Keepers that outlive servers, and what comes when one of the two is gone.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::HashSet;
use std::time::Duration;

use common::*;
use futures::StreamExt as _;
use holt_core::sandbox::{CallUpdate, Group, SandboxError, SandboxReport, Sandboxes as _};
use holt_core::tool::CallStatus;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

const WAIT_FOR_GO: &str = "echo ready; while [ ! -e go ]; do sleep 0.01; done; echo went >> ran; cat ran";

both! {
    async fn the_next_server_takes_a_running_call_and_a_finished_one() {
        let den = Den::new();
        let session = den.open().await;
        let done = call(session, "execute_command", json!({ "command": "echo done" }));
        let finished = outcome(&den.driver, done.clone(), false).await;
        let running = call(session, "execute_command", json!({ "command": WAIT_FOR_GO }));
        let mut updates = den.driver.call(running.clone(), false).await.unwrap();
        assert!(matches!(updates.next().await, Some(CallUpdate::Output { .. })));
        let next = den.successor();
        assert_eq!(next.opened().await.unwrap(), [session]);
        assert_eq!(outcome(&next, done, true).await, finished);
        assert!(updates.next().await.is_none(), "the older server has nothing to say any more");
        let refused = den.driver.busy(session).await;
        assert_eq!(refused.err(), Some(SandboxError::Fenced));
        let mut updates = next.call(running, true).await.unwrap();
        let again = updates.next().await;
        assert!(matches!(&again, Some(CallUpdate::Output { offset: 0, text }) if text == "ready\n"), "{again:?}");
        std::fs::write(den.path(&format!("sessions/{session}/workspace/go")), "").unwrap();
        let Some(CallUpdate::Finished(outcome)) = updates.collect::<Vec<_>>().await.pop() else { panic!("no outcome") };
        assert!(text(&outcome).contains("went") && outcome.status == CallStatus::Succeeded);
        assert!(matches!(den.driver.close(session).await, Err(SandboxError::Fenced)), "an older server closes nothing");
        next.close(session).await.unwrap();
    }
}

both! {
    async fn a_killed_keeper_interrupts_its_calls_and_leaves_nothing() {
        for whom in ["keeper", "janitor", "both"] {
            let den = Den::new();
            let session = den.open().await;
            let asked = call(session, "execute_command", json!({ "command": "echo here; setsid sleep 1000" }));
            let mut updates = den.driver.call(asked.clone(), false).await.unwrap();
            assert!(matches!(updates.next().await, Some(CallUpdate::Output { .. })));
            // What stands still does not die by itself.
            den.driver.freeze(session, Group::Commands).await.unwrap();
            let (trace, keeper) = (den.trace(session), den.trace(session).keeper());
            let processes = trace.processes();
            if whom != "keeper" {
                kill(trace.janitor());
            }
            if whom != "janitor" {
                // With its janitor gone it may have ended already.
                let _ = kill_process(Pid::from_raw(keeper).unwrap(), Signal::KILL);
            }
            let last = updates.collect::<Vec<_>>().await;
            let interrupted = matches!(last.last(), Some(CallUpdate::Finished(outcome)) if outcome.status == CallStatus::Interrupted);
            assert!(interrupted, "{whom}: {last:?}");
            let again = den.driver.call(asked, true).await.err();
            assert!(matches!(again, Some(SandboxError::NotOpen | SandboxError::Gone)), "{whom}: {again:?}");
            eventually(whom, async || trace.left(&processes).is_empty()).await;
            let (_, info) = den.open_with(|spec| spec.session = session).await;
            assert!(!info.found, "it opens anew");
            den.driver.close(session).await.unwrap();
        }
    }
}

both! {
    async fn a_sweep_ends_what_nobody_knows_and_keeps_what_is_known() {
        let den = Den::new();
        let (known, unknown, dead) = (den.open().await, den.open().await, den.open().await);
        let traces = [unknown, dead].map(|session| (den.trace(session), den.trace(session).processes()));
        kill(traces[1].0.janitor());
        let next = den.successor();
        let ended = next.sweep(&HashSet::from([known, dead])).await;
        assert_eq!(ended, 2);
        for (trace, processes) in &traces {
            assert_eq!(trace.left(processes), Vec::<String>::new());
        }
        assert_eq!(next.opened().await.unwrap(), [known]);
        assert_eq!(run(&next, known, "true").await.status, CallStatus::Succeeded);
        next.close(known).await.unwrap();
    }
}

both! {
    async fn a_keeper_without_a_server_ends_itself_after_its_grace() {
        let den = Den::with(|options| options.grace = Duration::from_secs(1));
        let session = den.open().await;
        let (trace, asked) = (den.trace(session), call(session, "execute_command_async", json!({ "command": "sleep 1000" })));
        outcome(&den.driver, asked, false).await;
        let processes = trace.processes();
        assert!(processes.len() >= 6, "janitor, keeper, bubblewrap, init, leader, toolbox, command: {processes:?}");
        let Den { driver, options, data } = den;
        drop(driver);
        eventually("the keeper has ended", async || trace.left(&processes).is_empty()).await;
        drop((options, data));
    }
}

both! {
    async fn a_toolbox_that_is_killed_fails_its_calls_and_comes_back() {
        let den = Den::new();
        let session = den.open().await;
        let outcome = den.run(session, "kill -9 $(pgrep -f 'holt-keeper toolbox')").await;
        assert_eq!(outcome.status, CallStatus::Failed, "{outcome:?}");
        assert!(text(&outcome).contains("toolbox died"), "{}", text(&outcome));
        assert_eq!(den.run(session, "true").await.status, CallStatus::Succeeded);
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_sandbox_whose_first_process_is_killed_from_outside_is_gone() {
        let den = Den::new();
        let session = den.open().await;
        let mut reports = den.driver.reports();
        let (trace, processes) = (den.trace(session), den.trace(session).processes());
        let bwrap = holt_keeper::tree::descendants(trace.keeper()).iter().find(|one| one.parent == trace.keeper()).unwrap().pid;
        kill(bwrap);
        let report = reports.next().await.unwrap();
        assert!(matches!(report.report, SandboxReport::Gone { .. } | SandboxReport::Noted { .. }), "{report:?}");
        eventually("all is gone", async || trace.left(&processes).is_empty()).await;
        let asked = call(session, "read_file", json!({ "path": "x" }));
        assert!(den.driver.call(asked, false).await.is_err());
    }
}

both! {
    async fn a_session_and_its_keeper_have_a_network_of_their_own() {
        let den = Den::new();
        let (session, other) = (den.open().await, den.open().await);
        let mut networks = vec![std::fs::read_link("/proc/self/ns/net").unwrap().display().to_string()];
        for session in [session, other] {
            let inside = text(&den.run(session, "readlink /proc/self/ns/net").await);
            let inside = inside.lines().find(|line| line.starts_with("net:")).unwrap().to_owned();
            // Only root may look into a keeper.
            if is_root() {
                let keeper = std::fs::read_link(format!("/proc/{}/ns/net", den.trace(session).keeper())).unwrap();
                assert_eq!(keeper.display().to_string(), inside);
            }
            networks.push(inside);
        }
        networks.sort();
        networks.dedup();
        assert_eq!(networks.len(), 3, "{networks:?}");
        for session in [session, other] {
            den.driver.close(session).await.unwrap();
        }
    }
}
