//! A script with a test: in Python where there is Python, else for the shell.

use serde_json::json;

use super::introduce::ADD_A_KEY;
use super::replay::{Flow, Leave, Reply, Wanted, reason};
use super::tasks::Desk;
use super::words::{excerpt, free_place};

/// The scripts that the demo knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Primes,
    FizzBuzz,
    Words,
    /// Something else was asked for; it gets a word counter and is told so.
    Unknown,
}

/// A script in one language, with its test.
struct Program {
    script: (&'static str, &'static str),
    test: (&'static str, &'static str),
    run_test: &'static str,
    /// Shows what the script does.
    show: &'static str,
}

macro_rules! program {
    ($script:literal, $test:literal, $run_test:literal, $show:literal) => {
        Program {
            script: ($script, include_str!(concat!("files/", $script))),
            test: ($test, include_str!(concat!("files/", $test))),
            run_test: $run_test,
            show: $show,
        }
    };
}

impl Kind {
    fn what(self) -> &'static str {
        match self {
            Self::Primes => "finds the primes below a number",
            Self::FizzBuzz => "plays FizzBuzz",
            Self::Words | Self::Unknown => "counts the words of a text",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Primes => "primes",
            Self::FizzBuzz => "fizzbuzz",
            Self::Words | Self::Unknown => "words",
        }
    }

    fn in_python(self) -> Program {
        match self {
            Self::Primes => {
                program!("primes.py", "test_primes.py", "python3 -B -m unittest -v test_primes", "python3 primes.py 50")
            }
            Self::FizzBuzz => {
                program!("fizzbuzz.py", "test_fizzbuzz.py", "python3 -B -m unittest -v test_fizzbuzz", "python3 fizzbuzz.py 15")
            }
            Self::Words | Self::Unknown => {
                program!("words.py", "test_words.py", "python3 -B -m unittest -v test_words", "python3 words.py words.py")
            }
        }
    }

    fn for_shell(self) -> Program {
        match self {
            Self::Primes => program!("primes.sh", "test_primes.sh", "sh test_primes.sh", "sh primes.sh 50"),
            Self::FizzBuzz => program!("fizzbuzz.sh", "test_fizzbuzz.sh", "sh test_fizzbuzz.sh", "sh fizzbuzz.sh 15"),
            Self::Words | Self::Unknown => program!("words.sh", "test_words.sh", "sh test_words.sh", "sh words.sh words.sh"),
        }
    }
}

pub fn make(desk: &mut Desk<'_>, kind: Kind) -> Flow<String> {
    let begin = match kind {
        Kind::Unknown => "Without a language model I cannot write just any script, so I write one that I know: it counts words.",
        _ => "I know how to write that one.",
    };
    let words = format!("{begin} First I look at what is here, and whether there is Python.");
    let (listing, python) = look(desk, &words)?;
    let program = if python.succeeded() { kind.in_python() } else { kind.for_shell() };
    let names = [program.script.0, program.test.0];
    let place = free_place(&listing.text, &names, &format!("{}-demo", kind.name()));

    let language = if python.succeeded() { "In Python, then." } else { "There is no Python here, so I write it for the shell." };
    let write = |(name, content): (&str, &str)| {
        Wanted::new("write_file", json!({ "path": format!("{place}{name}"), "content": content }))
    };
    desk.replay.must(language, "writing the script", write(program.script))?;
    desk.replay.must("Now its test.", "writing the test", write(program.test))?;

    let run = |command: &str| Wanted::new("execute_command", json!({ "command": command, "cwd": directory(&place) }));
    let tested = desk.replay.call("I run the test.", run(program.run_test))?;
    if !tested.succeeded() {
        return Ok(format!(
            "I wrote `{place}{}` and `{place}{}`, but the test does not pass here:\n\n```\n{}\n```\n\nAs a demo I cannot find out why. {ADD_A_KEY}",
            program.script.0,
            program.test.0,
            excerpt(tested.errors(), 15),
        ));
    }
    let shown = desk.replay.call("It passes. Now the script itself.", run(program.show))?;
    Ok(summary(kind, &program, &place, &tested, &shown))
}

/// What is in the workspace, and whether Python works.
pub fn look(desk: &mut Desk<'_>, words: &str) -> Flow<(Reply, Reply)> {
    let list = Wanted::new("list_files", json!({}));
    let try_python = Wanted::new("execute_command", json!({ "command": "python3 --version" }));
    let mut replies = desk.replay.calls(words, &[list, try_python])?.into_iter();
    match (replies.next(), replies.next()) {
        (Some(listing), Some(python)) if listing.succeeded() => Ok((listing, python)),
        (Some(listing), _) => Err(Leave::GiveUp(reason("looking at the workspace", &listing))),
        (None, _) => Err(Leave::GiveUp("I could not look at the workspace.".to_owned())),
    }
}

/// The directory of a place, as a command's `cwd`.
pub fn directory(place: &str) -> &str {
    match place.trim_end_matches('/') {
        "" => ".",
        directory => directory,
    }
}

fn summary(kind: Kind, program: &Program, place: &str, tested: &Reply, shown: &Reply) -> String {
    // Python's test runner reports on the stream for errors.
    let report = if tested.output() == "(empty)" { tested.errors() } else { tested.output() };
    let output = if shown.succeeded() { shown.output() } else { shown.errors() };
    format!(
        "`{place}{}` {}, and `{place}{}` tests it.\n\nThe test:\n\n```\n{}\n```\n\n`{}` prints:\n\n```\n{}\n```\n\n\
         Say \"run it again\" after you have changed something.\n\nThis was the demo. {ADD_A_KEY}",
        program.script.0,
        kind.what(),
        program.test.0,
        excerpt(report, 12),
        program.show,
        excerpt(output, 12),
    )
}
