//! Sandboxes as sessions use them, with the real bubblewrap.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::*;
use futures::StreamExt as _;
use holt_core::sandbox::{CallUpdate, FindingState, SandboxError, Sandboxes as _};
use holt_core::session::{Limits, WorkspaceSpec};
use holt_core::tool::CallStatus;
use holt_sandbox::bwrap::{BwrapDriver, Options};
use holt_sandbox::environment::ENVIRONMENTS;
use serde_json::json;

both! {
    async fn a_command_runs_and_what_it_writes_stays_over_sleep() {
        let den = Den::new();
        let (session, info) = den.open_with(|spec| spec.variables = BTreeMap::from([("OTTER".into(), "river".into())])).await;
        assert_eq!((info.found, info.workspace_path.as_str()), (false, "/workspace"));
        let outcome = den.run(session, "echo $OTTER > file; pwd; id -u; id -un; hostname; echo home > ~/note; echo gone > /tmp/note").await;
        assert_eq!(outcome.status, CallStatus::Succeeded, "{outcome:?}");
        assert!(text(&outcome).contains("/workspace\n1000\nagent\nholt"), "{}", text(&outcome));
        den.driver.close(session).await.unwrap();
        assert_eq!(std::fs::read_to_string(den.path(&format!("sessions/{session}/workspace/file"))).unwrap(), "river\n");
        den.open_with(|spec| spec.session = session).await;
        let outcome = den.run(session, "cat file ~/note; find /tmp -name note").await;
        assert!(text(&outcome).contains("river\nhome") && !text(&outcome).contains("/tmp/note\n"), "{}", text(&outcome));
        den.driver.remove(session).await.unwrap();
        assert!(!den.path(&format!("sessions/{session}")).exists());
    }
}

both! {
    async fn what_was_uploaded_before_the_first_sandbox_is_the_agents() {
        let den = Den::new();
        let session = spec().session;
        let uploads = den.path(&format!("sessions/{session}/workspace/uploads"));
        std::fs::create_dir_all(&uploads).unwrap();
        std::fs::write(uploads.join("data.csv"), "1\n").unwrap();
        den.open_with(|spec| spec.session = session).await;
        let outcome = den.run(session, "cd uploads && echo 2 >> data.csv && mv data.csv ../moved && touch new").await;
        assert_eq!(outcome.status, CallStatus::Succeeded, "{}", text(&outcome));
        assert_eq!(std::fs::read_to_string(den.path(&format!("sessions/{session}/workspace/moved"))).unwrap(), "1\n2\n");
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn output_comes_while_a_command_runs_and_the_end_last() {
        let den = Den::new();
        let session = den.open().await;
        let script = "echo first; while [ ! -e go ]; do sleep 0.01; done; echo second";
        let asked = call(session, "execute_command", json!({ "command": script }));
        let mut updates = den.driver.call(asked, false).await.unwrap();
        let Some(CallUpdate::Output { offset: 0, text: first }) = updates.next().await else { panic!("no output") };
        assert_eq!(first, "first\n");
        std::fs::write(den.path(&format!("sessions/{session}/workspace/go")), "").unwrap();
        let rest: Vec<_> = updates.collect().await;
        assert!(matches!(&rest[0], CallUpdate::Output { offset: 6, text } if text == "second\n"), "{rest:?}");
        assert!(matches!(rest.last(), Some(CallUpdate::Finished(outcome)) if outcome.status == CallStatus::Succeeded));
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_call_runs_once_however_often_it_is_asked_for() {
        let den = Den::new();
        let session = den.open().await;
        let asked = call(session, "execute_command", json!({ "command": "echo once >> ran; cat ran" }));
        let first = outcome(&den.driver, asked.clone(), false).await;
        let second = outcome(&den.driver, asked.clone(), true).await;
        assert_eq!(first, second);
        assert_eq!(text(&first).matches("once").count(), 2, "the command and its output: {}", text(&first));
        den.driver.acknowledge(session, asked.call).await.unwrap();
        den.driver.acknowledge(session, asked.call).await.unwrap();
        assert_eq!(outcome(&den.driver, asked, true).await.status, CallStatus::Interrupted, "forgotten, and not run again");
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_cancelled_call_ends_as_cancelled_and_its_processes_end() {
        let den = Den::new();
        let session = den.open().await;
        let asked = call(session, "execute_command", json!({ "command": "echo here; sleep 1000" }));
        let mut updates = den.driver.call(asked.clone(), false).await.unwrap();
        assert!(matches!(updates.next().await, Some(CallUpdate::Output { .. })));
        assert!(!den.driver.busy(session).await.unwrap().is_empty());
        den.driver.cancel(session, asked.call).await.unwrap();
        let last = updates.collect::<Vec<_>>().await;
        assert!(matches!(last.last(), Some(CallUpdate::Finished(outcome)) if outcome.status == CallStatus::Cancelled), "{last:?}");
        eventually("the sleep ends", async || den.driver.busy(session).await.unwrap().is_empty()).await;
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_background_process_makes_the_sandbox_busy_until_it_ends() {
        // As a server has it: with a mark of its build in its name.
        let directory = tempfile::tempdir().unwrap();
        let marked = directory.path().join("holt-keeper-0123456789abcdef");
        std::fs::copy(keeper(), &marked).unwrap();
        let den = Den::with(|options| options.keeper = marked);
        let session = den.open().await;
        assert!(den.driver.busy(session).await.unwrap().is_empty());
        let asked = call(session, "execute_command_async", json!({ "command": "while [ ! -e stop ]; do sleep 0.01; done" }));
        assert_eq!(outcome(&den.driver, asked, false).await.status, CallStatus::Succeeded);
        let names = den.driver.busy(session).await.unwrap();
        assert!(names.iter().any(|name| name.ends_with("sh")) && !names.iter().any(|name| name.contains("holt")), "{names:?}");
        den.run(session, "touch stop").await;
        eventually("it is idle", async || den.driver.busy(session).await.unwrap().is_empty()).await;
        let measured = den.driver.measure(session).await.unwrap();
        assert!(measured.memory_bytes > 0 && measured.processes >= 2, "{measured:?}");
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_sandbox_that_is_not_open_says_so_and_opening_twice_finds_it() {
        let den = Den::new();
        let session = den.open().await;
        let (_, info) = den.open_with(|spec| spec.session = session).await;
        assert!(info.found);
        assert_eq!(den.driver.opened().await.unwrap(), [session]);
        den.driver.close(session).await.unwrap();
        den.driver.close(session).await.unwrap();
        assert!(den.driver.opened().await.unwrap().is_empty());
        let asked = call(session, "read_file", json!({ "path": "x" }));
        assert_eq!(den.driver.call(asked, false).await.err(), Some(SandboxError::NotOpen));
        assert_eq!(den.driver.busy(session).await.err(), Some(SandboxError::NotOpen));
    }
}

both! {
    async fn what_cannot_be_opened_says_why() {
        let den = Den::new();
        let mut asked = spec();
        asked.environment = "no-such".into();
        let refused = den.driver.open(asked).await;
        assert!(matches!(&refused, Err(SandboxError::CannotOpen { code, .. }) if code == "environment_unknown"), "{refused:?}");
        let mut asked = spec();
        asked.workspace = WorkspaceSpec::Directory { path: "/etc".into() };
        let refused = den.driver.open(asked).await;
        assert!(matches!(&refused, Err(SandboxError::CannotOpen { code, .. }) if code == "project_refused"), "{refused:?}");
        let without = Options { bwrap: "/no/such/bwrap".into(), ..den.options.clone() };
        let refused = BwrapDriver::new(without).unwrap().open(spec()).await;
        match refused {
            Err(SandboxError::CannotOpen { code, hint, .. }) => {
                assert_eq!(code, "sandbox_missing_bubblewrap");
                assert!(hint.contains("apt install bubblewrap") && hint.contains("holt doctor"), "{hint}");
            }
            other => panic!("{other:?}"),
        }
        let broken = Options { bwrap: "/bin/false".into(), ..den.options.clone() };
        let refused = BwrapDriver::new(broken).unwrap().open(spec()).await;
        assert!(matches!(&refused, Err(SandboxError::CannotOpen { code, .. }) if code == "sandbox_failed"), "{refused:?}");
        assert!(den.driver.opened().await.unwrap().is_empty(), "nothing stays on record");
    }
}

both! {
    async fn a_user_s_directory_is_worked_in_at_its_own_path() {
        let den = Den::new();
        let project = project();
        let path = project.path().canonicalize().unwrap();
        std::fs::create_dir_all(path.join(".git/hooks")).unwrap();
        std::fs::write(path.join("mine"), "mine").unwrap();
        let (session, info) = den
            .open_with(|spec| spec.workspace = WorkspaceSpec::Directory { path: path.display().to_string() })
            .await;
        assert_eq!(info.workspace_path, path.display().to_string());
        let outcome = den.run(session, "pwd; readlink -f /workspace; cat mine; echo new > new; stat -c %U mine new").await;
        let shown = path.display();
        assert!(text(&outcome).contains(&format!("{shown}\n{shown}\nmineagent\nagent")), "{}", text(&outcome));
        let outcome = den.run(session, "echo x > .git/hooks/pre-commit; mv .git .elsewhere; rm -rf .git/hooks; echo x > .git/index; ls .git").await;
        assert!(text(&outcome).contains("hooks\nindex"), "{}", text(&outcome));
        assert!(std::fs::read_dir(path.join(".git/hooks")).unwrap().next().is_none(), "nothing was planted");
        let owner = |name: &str| std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path.join(name)).unwrap());
        assert_eq!(owner("new"), owner("mine"), "files keep the owner of the directory");
        den.driver.remove(session).await.unwrap();
        assert!(path.join("mine").exists(), "a user's directory is never removed");
    }
}

both! {
    async fn a_prepared_sandbox_becomes_the_next_session_s() {
        // What is prepared is what the driver is set to, not what Holt would choose.
        let limits = Limits { processes: 99, ..Limits::default() };
        let den = Den::with(|options| {
            options.prepared = 1;
            options.limits = limits;
            options.prepare_after = std::time::Duration::from_millis(1);
        });
        // Each keeper has two sockets, the other one for the viewers of its desktop.
        let keepers = || {
            let names = std::fs::read_dir(den.path("run")).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter(|name| !name.to_string_lossy().contains("-desktop")).collect::<Vec<_>>()
        };
        let prepared = || keepers().len() == 1;
        eventually("one is prepared", async || prepared()).await;
        eventually("it is up", async || den.driver.opened().await.unwrap().is_empty() && prepared()).await;
        let keeper = keepers().pop().unwrap();
        let mut session = None;
        // It may not have come up at the first look; then a session gets one of its own, and the next gets the prepared one.
        for _ in 0..200 {
            let (opened, _) = den.open_with(|spec| spec.limits = limits).await;
            if den.trace(opened).socket_name() == keeper {
                session = Some(opened);
                break;
            }
            den.driver.close(opened).await.unwrap();
        }
        let session = session.expect("a session gets the prepared sandbox");
        let (other, _) = den.open_with(|spec| spec.limits.processes = 98).await;
        for (session, processes) in [(other, 98), (session, 99)] {
            let said = text(&den.run(session, "grep 'Max processes' /proc/self/limits").await);
            // Holt's own are not counted against the session.
            assert!(said.contains(&(processes + 16).to_string()), "{said}");
        }
        den.driver.close(other).await.unwrap();
        den.run(session, "echo here > file").await;
        let file = den.path(&format!("sessions/{session}/workspace/file"));
        assert_eq!(std::fs::read_to_string(file).unwrap(), "here\n");
        den.driver.close(session).await.unwrap();
        den.open_with(|spec| spec.session = session).await;
        assert!(text(&den.run(session, "cat file").await).contains("here"));
        den.driver.close(session).await.unwrap();
        den.driver.shutdown().await;
        assert_eq!(std::fs::read_dir(den.path("run")).unwrap().count(), 0, "nothing is left of what was prepared");
    }
}

both! {
    async fn an_examination_tries_a_sandbox_and_says_what_is_missing() {
        let den = Den::new();
        let findings = den.driver.examine().await;
        let state = |name: &str| findings.iter().find(|finding| finding.name == name).unwrap_or_else(|| panic!("{name}: {findings:?}")).state;
        for name in ["sandbox", "bubblewrap", "user_namespaces"] {
            assert_eq!(state(name), FindingState::Good, "{findings:#?}");
        }
        for name in ["memory_limit", "process_limit", "cpu_limit", "freezing", "disk_limit", "environment_node"] {
            state(name);
        }
        assert_eq!(std::fs::read_dir(den.path("sessions")).unwrap().count(), 0, "it leaves nothing");
        assert_eq!(std::fs::read_dir(den.path("run")).unwrap().count(), 0, "it leaves nothing");
        let without = BwrapDriver::new(Options { bwrap: "/no/such/bwrap".into(), ..den.options.clone() }).unwrap();
        let findings = without.examine().await;
        assert_eq!((findings[0].name.as_str(), findings[0].state), ("bubblewrap", FindingState::Bad));
        assert_eq!(findings[0].fix.as_deref(), Some("apt install bubblewrap"));
    }
}

both! {
    async fn files_can_be_there_before_the_sandbox_opens() {
        let den = Den::with(|options| {
            options.prepared = 1;
            options.prepare_after = std::time::Duration::from_millis(1);
        });
        let asked = spec();
        let workspace = den.driver.managed_workspace(asked.session).unwrap();
        assert_eq!(workspace, den.path(&format!("sessions/{}/workspace", asked.session)));
        std::fs::write(workspace.join("given"), "by hand").unwrap();
        den.driver.open(asked.clone()).await.unwrap();
        assert!(text(&den.run(asked.session, "cat given; rm -f given; touch mine").await).contains("by hand"));
        assert!(workspace.join("mine").exists() && !workspace.join("given").exists());
        den.driver.remove(asked.session).await.unwrap();
        den.driver.shutdown().await;
    }
}

both! {
    async fn an_environment_s_programs_run_and_what_is_missing_is_said() {
        let den = Den::new();
        for environment in ENVIRONMENTS {
            let (session, info) = den.open_with(|spec| spec.environment = environment.name.into()).await;
            for (program, _) in environment.programs {
                let is_missing = info.warnings.iter().any(|warning| warning.contains(&format!("`{program}`")));
                let outcome = den.run(session, &format!("{program} --version")).await;
                assert_eq!(outcome.status == CallStatus::Failed, is_missing, "{}: {outcome:?}", environment.name);
            }
            den.driver.close(session).await.unwrap();
        }
    }
}

both! {
    async fn a_workspace_that_is_read_only_cannot_be_changed_by_anything_inside() {
        let den = Den::new();
        let session = den.open().await;
        den.run(session, "echo old > file; mkdir dir; setsid sh -c 'sleep 1000' >/dev/null 2>&1 &").await;
        // Opened otherwise while it is open, it is opened anew: nothing that could write is left.
        let (_, info) = den.open_with(|spec| { spec.session = session; spec.read_only = true }).await;
        assert!(!info.found);
        assert!(den.driver.busy(session).await.unwrap().is_empty());
        for attempt in [
            "echo new > file",
            "touch another",
            "rm file",
            "mv dir other",
            "chmod 777 file",
            "ln -s / link",
            "echo new > /workspace/dir/new",
            "python3 -c 'open(\"/workspace/file\", \"w\")'",
            "cd /tmp && ln -s /workspace w && echo new > w/file",
        ] {
            let outcome = den.run(session, attempt).await;
            assert!(outcome.status == CallStatus::Failed && text(&outcome).contains("Read-only file system"), "{attempt}: {}", text(&outcome));
        }
        let again = den.run(session, "mount -o remount,rw /workspace; umount /workspace; unshare -rm mount -o remount,bind,rw /workspace; echo new > file").await;
        assert_eq!(again.status, CallStatus::Failed, "{}", text(&again));
        let written = outcome(&den.driver, call(session, "write_file", json!({ "path": "file", "content": "new" })), false).await;
        assert!(written.status == CallStatus::Failed && text(&written).contains("ead-only"), "{}", text(&written));
        let looked = den.run(session, "cat file; ls; echo work > /tmp/work && cat /tmp/work").await;
        assert!(text(&looked).contains("old") && text(&looked).contains("work"), "{}", text(&looked));
        assert_eq!(std::fs::read_to_string(den.path(&format!("sessions/{session}/workspace/file"))).unwrap(), "old\n");
        // And back.
        let (_, info) = den.open_with(|spec| spec.session = session).await;
        assert!(!info.found);
        assert_eq!(den.run(session, "echo new > file").await.status, CallStatus::Succeeded);
        den.driver.close(session).await.unwrap();
    }
}
