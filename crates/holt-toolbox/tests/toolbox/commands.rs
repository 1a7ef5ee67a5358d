//! Commands: what they answer, how they end, and that nothing of them stays.

use std::time::{Duration, Instant};

use crate::support::{eventually, is_alive, session, session_with_launcher};
use serde_json::json;

#[tokio::test]
async fn a_command_says_what_it_did() {
    let session = session().await;
    std::fs::create_dir(session.path("sub")).unwrap();
    let command = json!({"command": "pwd; echo oops >&2; exit 3", "cwd": "sub"});
    let reply = session.call("execute_command", command).await;
    let directory = session.path("sub").display().to_string();
    assert!(reply.failed, "a command that fails is an error");
    assert!(reply.text.starts_with("Command: pwd; echo oops >&2; exit 3\n"), "{}", reply.text);
    for part in [format!("\nWorking directory: {directory}\n"), format!("\n\nSTDOUT:\n{directory}\n"), "\n\nSTDERR:\noops".into()]
    {
        assert!(reply.text.contains(&part), "{part:?} in {}", reply.text);
    }
    assert!(reply.text.contains("\nExit code: 3 ("), "{}", reply.text);
    assert_eq!((&reply.facts["exit_code"], &reply.facts["truncated"]), (&json!(3), &json!(false)));
    assert!(reply.facts["duration_ms"].is_u64() && reply.facts["output_file"].is_null());
    let fine = session.run("true").await.ok();
    assert!(fine.text.ends_with("STDOUT:\n(empty)\n\nSTDERR:\n(empty)"), "{}", fine.text);
    session.close().await;
}

#[tokio::test]
async fn a_command_that_cannot_be_started_says_why() {
    let session = session().await;
    session.write("file", "");
    let run = async |command: &str, cwd: &str| session.call("execute_command", json!({"command": command, "cwd": cwd})).await;
    assert_eq!(run("  ", ".").await.code(), "bad_arguments");
    assert_eq!(run("a\0b", ".").await.code(), "bad_arguments");
    assert_eq!(run(&"x".repeat(200_000), ".").await.code(), "too_long");
    assert_eq!(run(&format!("true {}", "x".repeat(128 * 1024 - 6)), ".").await.facts["exit_code"], 0);
    assert_eq!(run("true", "none").await.code(), "not_found");
    assert_eq!(run("true", "file").await.code(), "not_a_directory");
    assert_eq!(session.run("no-such-program").await.facts["exit_code"], 127);
    assert_eq!(session.run("kill -9 $$").await.facts["signal"], 9);
    assert_eq!(session.run("kill -9 $$").await.facts["exit_code"], 137);
    session.close().await;
}

#[tokio::test]
async fn a_command_has_no_input_and_no_descriptor_of_the_toolbox() {
    let session = session().await;
    let reply = session.run("cat; ls -l /proc/$$/fd; echo \"$HOLT_COMMAND\"").await.ok();
    assert!(reply.text.contains("0 -> /dev/null"), "{}", reply.text);
    assert!(!reply.text.contains("socket:") && !reply.text.contains("anon_inode"), "{}", reply.text);
    let descriptors = reply.text.lines().filter(|line| line.contains(" -> ")).count();
    assert_eq!(descriptors, 3, "{}", reply.text);
    session.close().await;
}

#[tokio::test]
async fn commands_are_started_through_the_launcher() {
    let session = session_with_launcher(&["/usr/bin/env", "LAUNCHED=yes"]).await;
    assert!(session.run("echo launched: $LAUNCHED").await.ok().text.contains("STDOUT:\nlaunched: yes\n"));
    session.close().await;
    let broken = session_with_launcher(&["/no/such/launcher"]).await;
    assert_eq!(broken.run("true").await.code(), "not_found");
    broken.close().await;
}

#[tokio::test]
async fn the_toolbox_cannot_be_looked_into() {
    let session = session().await;
    // Its files in /proc belong to the machine's root now, whoever runs it.
    let reply = session.run(&format!("stat -c %u /proc/{}/environ", session.pid())).await.ok();
    assert!(reply.text.contains("STDOUT:\n0\n") || reply.text.contains("STDOUT:\n65534\n"), "{}", reply.text);
    session.close().await;
}

#[tokio::test]
async fn output_is_heard_while_the_command_runs() {
    let session = session().await;
    let go_on = session.path("go-on");
    let command = format!("echo one; echo two >&2; while [ ! -e {} ]; do sleep 0.01; done; printf three", go_on.display());
    let running = session.start("execute_command", json!({ "command": command })).await;
    running.prints("two\n").await;
    assert!(running.printed().contains("one\n"));
    assert!(!running.printed().contains("three"));
    std::fs::write(go_on, "").unwrap();
    let (reply, printed) = running.reply_and_printed().await;
    assert!(printed.ends_with("three"), "{printed}");
    assert!(reply.ok().text.contains("one\nthree"));
    session.close().await;
}

#[tokio::test]
async fn characters_are_heard_whole() {
    let session = session().await;
    let command = r"for byte in \\360 \\237 \\246 \\246 x \\342 \\202 \\254 \\377 \\303; do printf $byte; sleep 0.02; done";
    let (reply, printed) = session.start("execute_command", json!({ "command": command })).await.reply_and_printed().await;
    assert_eq!(printed, "🦦x€\u{FFFD}\u{FFFD}");
    assert!(reply.ok().text.contains("🦦x€\u{FFFD}\u{FFFD}"));
    session.close().await;
}

#[tokio::test]
async fn a_huge_output_is_cut_in_the_middle_and_kept_whole() {
    let session = session().await;
    let (reply, printed) =
        session.start("execute_command", json!({"command": "seq 1 200000; echo done >&2"})).await.reply_and_printed().await;
    let reply = reply.ok();
    assert!(reply.text.len() < 40_000, "{}", reply.text.len());
    for part in ["\n1\n2\n3\n", "\n199999\n200000\n", " left out, from line ", "STDERR:\ndone"] {
        assert!(reply.text.contains(part), "{part:?}");
    }
    assert_eq!(reply.facts["truncated"], true);
    let file = reply.facts["output_file"].as_str().unwrap();
    assert!(reply.text.contains(file));
    let whole: String = (1..=200_000).map(|number| format!("{number}\n")).collect();
    let kept = std::fs::read_to_string(file).unwrap();
    assert_eq!(kept.replace("done\n", ""), whole);
    assert_eq!(printed.replace("done\n", ""), whole);
    let part = session.call("read_file", json!({"path": file, "offset": 100_000, "limit": 1})).await.ok();
    assert!(part.text.contains("\n100000\n") || part.text.contains("\n99999\n"), "{}", part.text);
    session.close().await;
}

#[tokio::test]
async fn a_flood_is_bounded_everywhere() {
    let session = session().await;
    let command = json!({"command": "head -c 40000000 /dev/zero | tr '\\0' 'x'"});
    let (reply, printed) = session.start("execute_command", command).await.reply_and_printed().await;
    let reply = reply.ok();
    assert_eq!(reply.facts["stdout_bytes"], 40_000_000);
    assert!(printed.len() < 5_000_000 && printed.ends_with("[what follows is not shown while it runs]\n"));
    let file = std::fs::metadata(reply.facts["output_file"].as_str().unwrap()).unwrap();
    assert_eq!(file.len(), 16 * 1024 * 1024);
    assert!(
        reply.text.contains("The first 16.0 MiB of the output are in"),
        "{}",
        &reply.text[reply.text.len() / 2 - 400..][..800]
    );
    session.close().await;
}

/// Writes the process ids of processes that try to get away into `name.pid`.
const ESCAPES: &str = r#"
    away() { sh -c 'echo $$ > '"$1"'.tmp; mv '"$1"'.tmp '"$1"'.pid; exec sleep 1000'; }
    export -f away
    away child &
    setsid bash -c 'away session' &
    (setsid bash -c 'away orphan' &)
    (setsid bash -c '(setsid bash -c "away twice" &)' &)
    (env -i PATH="$PATH" setsid sh -c 'echo $$ > clean.tmp; mv clean.tmp clean.pid; exec sleep 1000' &)
    trap '' TERM HUP INT
    while [ "$(ls *.pid 2>/dev/null | wc -l)" -lt 5 ]; do sleep 0.01; done
    echo ready
    wait
"#;

fn escaped(session: &crate::support::Session) -> Vec<String> {
    ["child", "session", "orphan", "twice", "clean"].map(|name| session.content(&format!("{name}.pid")).trim().to_owned()).into()
}

#[tokio::test]
async fn the_time_limit_ends_a_command_and_all_that_it_started() {
    let session = session().await;
    let reply = session.call("execute_command", json!({"command": ESCAPES, "timeout_seconds": 2})).await;
    assert_eq!(reply.facts["timed_out"], true, "{reply:?}");
    assert!(reply.failed && reply.text.contains("Exit code: 124 (the time limit of 2 s"), "{}", reply.text);
    assert!(reply.text.contains("STDOUT:\nready"), "what was printed before is told: {}", reply.text);
    for pid in escaped(&session) {
        assert!(!is_alive(&pid), "{pid} lives on");
    }
    session.run("true").await.ok();
    session.close().await;
}

#[tokio::test]
async fn time_in_which_the_toolbox_stands_still_does_not_count() {
    let session = session().await;
    let command = "echo on; until [ -e go ]; do sleep 0.01; done; echo off";
    let command = session.start("execute_command", json!({"command": command, "timeout_seconds": 4})).await;
    command.prints("on").await;
    let began = Instant::now();
    let waiting = session.start("gui_wait", json!({"seconds": 4})).await;
    let stopped = Duration::from_secs(5);
    session.stand_still(stopped).await;
    session.write("go", "");
    assert!(command.reply().await.ok().text.contains("on\noff"), "it had time left");
    waiting.reply().await.ok();
    assert!(began.elapsed() > stopped + Duration::from_secs(2), "it waited on");
    session.close().await;
}

#[tokio::test]
async fn cancelling_ends_a_command_and_all_that_it_started() {
    let session = session().await;
    let running = session.start("execute_command", json!({"command": ESCAPES, "timeout_seconds": 600})).await;
    running.prints("ready").await;
    let escaped = escaped(&session);
    assert!(escaped.iter().all(|pid| is_alive(pid)));
    running.cancel().await;
    for pid in escaped {
        eventually("the process is gone", || (!is_alive(&pid)).then_some(())).await;
    }
    session.run("true").await.ok();
    session.close().await;
}

#[tokio::test]
async fn closing_the_stream_ends_everything() {
    let session = session().await;
    session.call("execute_command_async", json!({"command": "trap '' TERM HUP; while :; do sleep 1000; done"})).await.ok();
    let running = session.start("execute_command", json!({"command": ESCAPES, "timeout_seconds": 600})).await;
    running.prints("ready").await;
    let escaped = escaped(&session);
    session.close().await;
    for pid in escaped {
        assert!(!is_alive(&pid), "{pid} lives on");
    }
}

#[tokio::test]
async fn ending_one_command_leaves_the_others_alone() {
    let session = session().await;
    let started = session.call("execute_command_async", json!({"command": "setsid sleep 1000 & wait"})).await.ok();
    let command = "setsid sleep 1000 & echo on; until [ -e go ]; do sleep 0.01; done; kill %1 && echo off";
    let other = session.start("execute_command", json!({"command": command, "timeout_seconds": 600})).await;
    other.prints("on").await;
    let late = session.call("execute_command", json!({"command": "sleep 1000", "timeout_seconds": 1})).await;
    assert_eq!(late.facts["timed_out"], true);
    session.write("go", "");
    assert!(other.reply().await.ok().text.contains("on\noff"));
    assert!(is_alive(&started.facts["pid"].to_string()));
    session.close().await;
}

#[tokio::test]
async fn what_a_command_leaves_running_goes_on_and_can_be_read_and_ended() {
    let session = session().await;
    let go_on = session.path("go-on").display().to_string();
    let command = format!("(echo started; while [ ! -e {go_on} ]; do sleep 0.01; done; echo later; sleep 1000) & echo $! > pid");
    let reply = session.run(&command).await.ok();
    assert!(reply.text.contains("started") && reply.text.contains("left a process running"), "{}", reply.text);
    let pid = reply.facts["background_pid"].clone();
    std::fs::write(go_on, "").unwrap();
    session.output_of(&pid, |reply| reply.text.contains("later")).await;
    let child = session.content("pid").trim().to_owned();
    assert!(is_alive(&child));
    session.call("kill_process", json!({ "pid": pid })).await.ok();
    assert!(!is_alive(&child));
    // One that lets go of the output is nobody's business.
    let daemon = session.run("setsid sleep 1000 > /dev/null 2>&1 &").await.ok();
    assert_eq!(daemon.facts["background_pid"], json!(null));
    session.close().await;
}

#[tokio::test]
async fn a_background_command_is_read_in_parts_and_ended() {
    let session = session().await;
    let command = "printf 'one\\n'; read -r line < go; echo \"$line\" >&2; exit 7";
    assert!(std::process::Command::new("mkfifo").arg(session.path("go")).status().unwrap().success());
    let started = session.call("execute_command_async", json!({ "command": command })).await.ok();
    let pid = started.facts["pid"].clone();
    assert!(started.text.contains(&format!("PID {pid}")), "{}", started.text);
    let read = async |offset: u64| session.call("read_process_output", json!({"pid": pid.to_string(), "offset": offset})).await;
    session.output_of(&pid, |reply| reply.facts["end"] == 4).await;
    let first = read(0).await.ok();
    assert!(first.text.contains(": running\nOutput from byte 0 to 4, next offset 4:\n\none\n"), "{}", first.text);
    assert_eq!(first.facts["ended"], false);
    std::fs::write(session.path("go"), "two\n").unwrap();
    session.output_of(&pid, |reply| reply.facts["ended"] == true && reply.facts["end"] == 8).await;
    let second = read(4).await.ok();
    assert!(second.text.contains("ended with exit code 7\n") && second.text.ends_with("\n\ntwo\n"), "{}", second.text);
    assert_eq!((&second.facts["exit_code"], &second.facts["next_offset"]), (&json!(7), &json!(8)));
    assert_eq!(read(9).await.code(), "past_the_end");
    assert_eq!(session.call("read_process_output", json!({"pid": "999999"})).await.code(), "unknown_process");
    session.close().await;
}

#[tokio::test]
async fn old_output_of_a_background_command_expires() {
    let session = session().await;
    let started = session.call("execute_command_async", json!({"command": "seq 1 400000"})).await.ok();
    let pid = started.facts["pid"].clone();
    let total: u64 = (1..=400_000_u64).map(|number| number.to_string().len() as u64 + 1).sum();
    session.output_of(&pid, |reply| reply.facts["end"] == total).await;
    let expired = session.call("read_process_output", json!({"pid": pid, "offset": 0})).await;
    assert_eq!(expired.code(), "expired");
    let oldest = total - 1024 * 1024;
    assert!(expired.text.contains(&format!("Read on from offset {oldest}")), "{}", expired.text);
    let (mut offset, mut seen) = (oldest, String::new());
    while offset < total {
        let part = session.call("read_process_output", json!({"pid": pid, "offset": offset})).await.ok();
        seen.push_str(part.text.split_once("\n\n").unwrap().1);
        offset = part.facts["next_offset"].as_u64().unwrap();
    }
    assert!(seen.len() == 1024 * 1024 && seen.ends_with("399999\n400000\n"));
    session.close().await;
}

#[tokio::test]
async fn processes_are_listed_and_ended() {
    let session = session().await;
    let started = session.call("execute_command_async", json!({"command": "exec sleep 4321"})).await.ok();
    let pid = started.facts["pid"].as_i64().unwrap();
    let stubborn = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
    let stubborn = session.call("execute_command_async", json!({ "command": stubborn })).await.ok();
    let stubborn = stubborn.facts["pid"].clone();
    session.output_of(&stubborn, |reply| reply.facts["end"] == 6).await;
    // The machine may be busy with others, so a process that is busy too is what surely is among the first.
    let busy = session.call("execute_command_async", json!({"command": "while :; do :; done # busy-marker"})).await.ok();
    let busy = busy.facts["pid"].clone();
    let listed = session.call("list_processes", json!({})).await.ok();
    let processes = listed.facts["processes"].as_array().unwrap();
    assert!(!processes.is_empty() && processes.len() <= 20);
    assert!(listed.text.contains("PID") && listed.text.contains("CPU%"), "{}", listed.text);
    assert!(processes.iter().all(|process| process["pid"] != session.pid()));
    for pid in [json!(pid), stubborn.clone(), busy] {
        let killed = session.call("kill_process", json!({ "pid": pid })).await.ok();
        assert_eq!(killed.facts["forced"], json!(pid == stubborn), "{killed:?}");
        assert!(!is_alive(&pid.to_string()));
    }
    let state = session.call("read_process_output", json!({ "pid": pid })).await.ok();
    assert!(state.text.contains("ended by signal 15"), "{}", state.text);
    assert_eq!(session.call("kill_process", json!({ "pid": pid })).await.code(), "unknown_process");
    session.close().await;
}

#[tokio::test]
async fn a_process_without_a_name_in_the_book_can_be_ended_too() {
    let session = session().await;
    let command = "setsid sleep 1000 > /dev/null 2>&1 & echo $! > pid";
    session.run(command).await.ok();
    let pid = session.content("pid").trim().to_owned();
    let killed = session.call("kill_process", json!({ "pid": pid })).await.ok();
    assert!(killed.text.contains("sleep 1000"), "{}", killed.text);
    assert!(!is_alive(&pid));
    assert_eq!(session.call("kill_process", json!({ "pid": pid })).await.code(), "unknown_process");
    session.close().await;
}

#[tokio::test]
async fn what_holds_the_sandbox_together_is_not_ended() {
    let session = session().await;
    for pid in [1, session.pid(), std::process::id()] {
        assert_eq!(session.call("kill_process", json!({ "pid": pid })).await.code(), "not_allowed", "{pid}");
    }
    session.run("true").await.ok();
    session.close().await;
}

#[tokio::test]
async fn hundreds_of_processes_end_with_their_command() {
    let session = session().await;
    // Bounded, so that the machine of the test survives should the toolbox fail.
    let command = "i=0; while [ $i -lt 150 ]; do (setsid sh -c 'sleep 1000 & sleep 1000' &); i=$((i+1)); done; sleep 1000";
    let reply = session.call("execute_command", json!({"command": command, "timeout_seconds": 1})).await;
    assert_eq!(reply.facts["timed_out"], true);
    session.close().await;
}
