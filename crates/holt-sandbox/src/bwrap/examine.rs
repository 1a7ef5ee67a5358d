//! What this machine can do: found out by opening a sandbox and running something in it, and where that fails, by looking for
//! the reasons.

use std::fs;
use std::path::Path;
use std::time::Instant;

use holt_core::id::SessionId;
use holt_core::sandbox::{Finding, FindingState, SandboxError};
use holt_keeper::cgroup::{Controller, Plan};
use holt_keeper::protocol::message::{Ending, Verb};
use uuid::Uuid;

use super::driver::Inner;
use super::machine::Machine;
use super::opening::Opening;
use super::pool;
use crate::{desktops, environment};

pub async fn examine(inner: &Inner) -> Vec<Finding> {
    let machine = match inner.machine().await {
        Ok(machine) => machine,
        Err(error) => return [vec![missing(&error)], namespaces(false)].concat(),
    };
    let tried = try_one(inner).await;
    let works = tried.is_ok();
    let mut findings = vec![opened(&tried), bubblewrap(machine), whose(machine)];
    findings.extend(namespaces(works));
    findings.extend(container(works));
    findings.extend(limits(machine.cgroups.as_ref()));
    findings.push(disk(machine));
    findings.extend(desktops::examine());
    findings.extend(environment::ENVIRONMENTS.iter().map(|environment| programs(environment, machine)));
    findings
}

fn finding(name: &str, state: FindingState, text: impl Into<String>) -> Finding {
    Finding { name: name.to_owned(), state, text: text.into(), hint: None, fix: None }
}

fn with_hint(mut finding: Finding, hint: &str) -> Finding {
    finding.hint = Some(hint.to_owned());
    finding
}

fn with_fix(mut finding: Finding, fix: &str) -> Finding {
    finding.fix = Some(fix.to_owned());
    finding
}

fn words(error: &SandboxError) -> (String, Option<String>, Option<&str>) {
    match error {
        SandboxError::CannotOpen { code, message, hint } => (message.clone(), Some(hint.clone()), Some(code)),
        other => (other.to_string(), None, None),
    }
}

fn missing(error: &SandboxError) -> Finding {
    let (text, hint, code) = words(error);
    let name = if code == Some("sandbox_missing_bubblewrap") { "bubblewrap" } else { "sandbox" };
    let found = Finding { hint, ..finding(name, FindingState::Bad, text) };
    if name == "bubblewrap" { with_fix(found, "apt install bubblewrap") } else { found }
}

/// Opens a sandbox, runs a command in it and ends it. Says how many milliseconds the first two took.
async fn try_one(inner: &Inner) -> Result<u128, SandboxError> {
    let _held = inner.pool.hold().await.ok_or(SandboxError::Gone)?;
    let session = SessionId::new(Uuid::now_v7());
    let directory = inner.places.prepared(session);
    let spec = pool::usual_spec(&inner.options, session);
    let begin = Instant::now();
    let started = inner.start(Opening { session, directory: directory.clone(), spec: &spec, prepared: true }).await;
    let tried = match started {
        Err(error) => Err(error),
        Ok(open) => {
            let verb = Verb::Call {
                call: "trial".into(),
                tool: "execute_command".into(),
                from: 0,
                only_if_known: false,
                within_seconds: 60,
            };
            let ended = match open.client.call(verb, br#"{"command":"true"}"#.to_vec()).await {
                Some(running) => running.end.await.ok(),
                None => None,
            };
            let took = begin.elapsed().as_millis();
            inner.end(&open).await;
            match ended {
                Some((Ending::Result, _)) => Ok(took),
                Some((_, why)) => Err(SandboxError::Faulty(String::from_utf8_lossy(&why).into_owned())),
                None => Err(SandboxError::Gone),
            }
        }
    };
    let _ = tokio::task::spawn_blocking(move || directory.remove()).await;
    tried
}

fn opened(tried: &Result<u128, SandboxError>) -> Finding {
    match tried {
        Ok(took) => finding("sandbox", FindingState::Good, format!("A sandbox opened and ran a command in {took} ms.")),
        Err(error) => {
            let (text, hint, _) = words(error);
            Finding { hint, ..finding("sandbox", FindingState::Bad, text) }
        }
    }
}

fn bubblewrap(machine: &Machine) -> Finding {
    let text = format!("bubblewrap {} at {}.", machine.bwrap_version, machine.bwrap.display());
    let found = finding("bubblewrap", FindingState::Good, text);
    if machine.is_root || machine.binds_descriptors {
        return found;
    }
    let found = Finding { state: FindingState::Weak, ..found };
    with_hint(found, "It does not bind by descriptor: a directory that is replaced while a sandbox opens would be bound instead.")
}

fn whose(machine: &Machine) -> Finding {
    let text = if machine.is_root {
        "Holt runs as root: each session's processes run as a user of their own that no account has."
    } else {
        "Holt runs as an ordinary user: sandboxes run as that user, closed in by their user namespaces."
    };
    finding("user", FindingState::Good, text)
}

fn setting(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether user namespaces can be made; where a sandbox opened, they can.
fn namespaces(works: bool) -> Vec<Finding> {
    const NAME: &str = "user_namespaces";
    if works {
        return vec![finding(NAME, FindingState::Good, "User namespaces can be made.")];
    }
    let mut found = Vec::new();
    if setting("/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        let one = finding(NAME, FindingState::Bad, "This kernel lets only root make user namespaces.");
        found.push(with_fix(one, "sysctl -w kernel.unprivileged_userns_clone=1"));
    }
    if setting("/proc/sys/user/max_user_namespaces") == Some(0) {
        let one = finding(NAME, FindingState::Bad, "No user namespaces may be made (user.max_user_namespaces is 0).");
        found.push(with_fix(one, "sysctl -w user.max_user_namespaces=15000"));
    }
    if setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        let one = finding("apparmor", FindingState::Bad, "AppArmor restricts user namespaces, as on Ubuntu from 23.10 on.");
        let one = with_hint(
            one,
            "Allow them for bubblewrap with an AppArmor profile for /usr/bin/bwrap that has the line `userns,`, or for all programs with the command below.",
        );
        found.push(with_fix(one, "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"));
    }
    found
}

/// Running in a container, which is a reason for much.
fn container(works: bool) -> Option<Finding> {
    let marks = ["/.dockerenv", "/run/.containerenv"];
    let inside = marks.iter().any(|mark| Path::new(mark).exists()) || std::env::var_os("container").is_some();
    let state = if works { FindingState::Good } else { FindingState::Bad };
    let found = finding("container", state, "Holt runs in a container.");
    let hint = "The container has to allow user namespaces and mounts: with Docker, `--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined`.";
    inside.then(|| if works { found } else { with_hint(found, hint) })
}

fn limits(cgroups: Option<&Plan>) -> Vec<Finding> {
    const HINT: &str = "As a service, give Holt its own control group (`Delegate=yes` in its systemd unit); or run it as root.";
    let version = match cgroups {
        Some(Plan::V1 { .. }) => "version 1",
        Some(Plan::V2 { .. }) => "version 2",
        None => "none",
    };
    let one = |name: &str, controller: Controller, good: &str, weak: &str| {
        if cgroups.is_some_and(|plan| plan.has(controller)) {
            finding(name, FindingState::Good, format!("{good} (control groups, {version})."))
        } else {
            with_hint(finding(name, FindingState::Weak, weak), HINT)
        }
    };
    vec![
        one(
            "memory_limit",
            Controller::Memory,
            "Memory is limited for each session",
            "Memory is limited for each process; for a session it is only looked at four times a second, and its largest processes are ended when it holds too much. Who is fast gets beyond that.",
        ),
        one(
            "process_limit",
            Controller::Pids,
            "Processes are limited for each session",
            "Processes are limited by their user's limit in the sandbox, not by control groups: commands can take the place of everything else in it.",
        ),
        one("cpu_limit", Controller::Cpu, "Processor time is limited for each session", "Processor time is not limited."),
        one(
            "freezing",
            Controller::Freezer,
            "Groups of processes are frozen and killed at once",
            "Groups of processes are stopped and killed one process after the other.",
        ),
    ]
}

fn disk(machine: &Machine) -> Finding {
    let floor = machine.disk_floor >> 20;
    let text = format!(
        "A session's share of the disk is watched: what runs in it is ended when it holds more, and everything stands still when less than {floor} MiB are free. A fast writer gets beyond that before it is noticed."
    );
    with_hint(
        finding("disk_limit", FindingState::Weak, text),
        "Put the data directory on a file system of its own, so that nothing else is felt when it is full.",
    )
}

fn programs(environment: &environment::Environment, machine: &Machine) -> Finding {
    let kits = machine.home.as_deref().map(|home| environment.kits(home)).unwrap_or_default();
    let missing = environment.missing(&kits);
    let name = format!("environment_{}", environment.name.replace('-', "_"));
    if missing.is_empty() {
        return finding(&name, FindingState::Good, format!("The environment `{}` has its programs.", environment.name));
    }
    let (names, packages): (Vec<&str>, Vec<&str>) = missing.into_iter().unzip();
    let text = format!("The environment `{}` lacks {}.", environment.name, names.join(", "));
    with_fix(finding(&name, FindingState::Weak, text), &format!("apt install {}", packages.join(" ")))
}
