//! Ending what is left of a keeper, whatever state it is in.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use holt_keeper::tree;
use rustix::process::Signal;

use super::birth::{desktop_socket_name, socket_name};
use super::records::Record;

/// How long a keeper that was told to end, and then its janitor, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits for the keeper's own end where it is under way, then makes sure. Blocks.
pub fn end(record: &Record, sockets: &Path, expected_to_end: bool) {
    if is_alive(record) && !(expected_to_end && wait_until_gone(record, PATIENCE)) {
        // Killing what is below the janitor is enough: it does the rest.
        tree::kill(record.pid, &[]);
        if !wait_until_gone(record, PATIENCE) {
            tree::signal(record.pid, Signal::KILL);
            wait_until_gone(record, PATIENCE);
        }
    }
    if record.cgroups.as_ref().is_some_and(|cgroups| !cgroups.end()) {
        tracing::warn!(keeper = record.keeper, "control groups of an ended sandbox could not be removed");
    }
    for socket in [socket_name(&record.keeper), desktop_socket_name(&record.keeper)] {
        let _ = std::fs::remove_file(sockets.join(socket));
    }
}

/// The janitor is there, and is the one on record.
fn is_alive(record: &Record) -> bool {
    tree::process(record.pid).is_some_and(|process| process.started == record.started && process.state != 'Z')
}

fn wait_until_gone(record: &Record, patience: Duration) -> bool {
    let begin = Instant::now();
    let mut pause = Duration::from_micros(200);
    while is_alive(record) {
        if begin.elapsed() > patience {
            return false;
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
    true
}
