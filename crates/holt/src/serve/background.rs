//! A server that a command started for itself: it serves the private socket alone and ends when nobody needs it.

use std::io::Write;
use std::time::{Duration, Instant};

use holt_core::session::Status;
use holt_engine::Engine;

use crate::commands::start::Started;
use crate::failure::Failure;

/// How often it is looked whether somebody needs it.
const LOOK: Duration = Duration::from_millis(500);

/// Out of the reach of the terminal's interruptions and of its end: those are for the command.
pub fn leave_the_terminal() {
    // A process that leads a group already was started by somebody who has seen to that.
    let _ = rustix::process::setsid();
}

pub fn tell_ready() {
    tell(&Started::Ready);
}

pub fn tell_failure(failure: &Failure) {
    let Failure { exit, code, message, hint } = failure.clone();
    tell(&Started::Failed { exit: exit as u8, code, message, hint });
}

/// One line. Whoever waited for it may have gone meanwhile.
fn tell(started: &Started) {
    if let Ok(line) = serde_json::to_string(started) {
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// Returns when nobody has followed a session and none had work for that long, which lets a person type the next command.
pub async fn until_unneeded(engine: &Engine, linger: Duration) {
    let mut needed = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let status = engine.status().await;
        let works = |(status, count): &(Status, u64)| status.is_unfinished() && *count > 0;
        if status.followers > 0 || status.sessions.iter().any(works) {
            needed = Instant::now();
        } else if needed.elapsed() >= linger {
            return;
        }
    }
}
