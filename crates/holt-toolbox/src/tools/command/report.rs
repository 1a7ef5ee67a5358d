//! What is said about a command that has ended.

use std::time::Duration;

use serde_json::json;

use super::{End, Gathered};
use crate::answer::Answer;
use crate::spool::Whereabouts;
use crate::text::both_ends::{BothEnds, LeftOut};
use crate::text::{shorten, size};

/// How much of the command is repeated.
const MAX_COMMAND: usize = 2000;
/// The exit code that is reported where there is none; the one of `timeout(1)`.
const TIMED_OUT: i32 = 124;

/// What is known besides the output.
pub struct Report<'a> {
    pub command: &'a str,
    pub directory: &'a str,
    /// The time limit.
    pub seconds: u64,
    pub end: End,
    pub took: Duration,
    /// The number under which the output of what still runs can be read.
    pub goes_on: Option<i32>,
    pub max_output: usize,
}

impl Report<'_> {
    pub fn answer(&self, gathered: &Gathered<'_>) -> Answer {
        let whereabouts = gathered.whereabouts();
        let (stdout, stderr) = self.share(&gathered.stdout, &gathered.stderr);
        let note = |left: LeftOut| note(left, &whereabouts);
        let text = format!(
            "Command: {}\nWorking directory: {}\nExit code: {}\n\nSTDOUT:\n{}\n\nSTDERR:\n{}{}",
            shorten(self.command, MAX_COMMAND),
            self.directory,
            self.how_it_ended(),
            shown(&gathered.stdout, stdout, note),
            shown(&gathered.stderr, stderr, note),
            self.what_goes_on(),
        );
        let code = self.exit_code();
        let facts = json!({
            "cwd": self.directory,
            "exit_code": code,
            "signal": self.signal(),
            "timed_out": self.end == End::TimedOut,
            "cancelled": self.end == End::Cancelled,
            "duration_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "stdout_bytes": gathered.stdout.total(),
            "stderr_bytes": gathered.stderr.total(),
            "truncated": gathered.stdout.total() > stdout as u64 || gathered.stderr.total() > stderr as u64,
            "output_file": file(&whereabouts),
            "background_pid": self.goes_on,
        });
        Answer { failed: code != 0, ..Answer::new(text, facts) }
    }

    /// How many bytes of each stream are shown: errors are short as a rule and are cut only when both are long.
    fn share(&self, stdout: &BothEnds, stderr: &BothEnds) -> (usize, usize) {
        let whole = |stream: &BothEnds| usize::try_from(stream.total()).unwrap_or(usize::MAX);
        let (out, err) = (whole(stdout), whole(stderr));
        let err = err.min((self.max_output / 3).max(self.max_output.saturating_sub(out)));
        (self.max_output - err, err)
    }

    fn exit_code(&self) -> i32 {
        match self.end {
            End::Exited(exit) => exit.code,
            End::TimedOut | End::Cancelled => TIMED_OUT,
        }
    }

    fn signal(&self) -> Option<i32> {
        match self.end {
            End::Exited(exit) => exit.signal,
            End::TimedOut | End::Cancelled => None,
        }
    }

    fn how_it_ended(&self) -> String {
        let code = self.exit_code();
        match self.end {
            End::TimedOut => format!(
                "{code} (the time limit of {} s was reached; the command was killed with everything it started)",
                self.seconds
            ),
            End::Cancelled => format!("{code} (cancelled; the command was killed with everything it started)"),
            End::Exited(exit) => match exit.signal {
                Some(signal) => format!("{code} (killed by signal {signal})"),
                None => format!("{code} ({:.1} s)", self.took.as_secs_f64()),
            },
        }
    }

    fn what_goes_on(&self) -> String {
        self.goes_on.map_or_else(String::new, |pid| {
            format!(
                "\n\n[the command left a process running in the background that may print more; `read_process_output` and \
                 `kill_process` take it by the pid {pid}]"
            )
        })
    }
}

fn shown(stream: &BothEnds, limit: usize, note: impl Fn(LeftOut) -> String) -> String {
    let text = stream.text(limit, note);
    if text.is_empty() { "(empty)".to_owned() } else { text.trim_end_matches('\n').to_owned() }
}

fn note(left: LeftOut, whereabouts: &Whereabouts) -> String {
    let place = match whereabouts {
        Whereabouts::Whole(path) => {
            format!("The whole output is in {}: use `read_file` with `offset` and `limit`", path.display())
        }
        Whereabouts::Beginning(path, bytes) => {
            format!(
                "The first {} of the output are in {}: use `read_file` with `offset` and `limit`",
                size(*bytes),
                path.display()
            )
        }
        Whereabouts::Lost(reason) => format!("The whole output could not be kept: {reason}"),
        Whereabouts::Nowhere => String::new(),
    };
    let lines = if left.lines == 0 { String::new() } else { format!(", {} line ends", left.lines) };
    format!("[… {}{lines} left out, from line {} on. {place} …]", size(left.bytes), left.first_line)
}

fn file(whereabouts: &Whereabouts) -> Option<String> {
    match whereabouts {
        Whereabouts::Whole(path) | Whereabouts::Beginning(path, _) => Some(path.display().to_string()),
        Whereabouts::Nowhere | Whereabouts::Lost(_) => None,
    }
}
