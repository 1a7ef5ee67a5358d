//! Terminals in real sandboxes: real shells on real pseudo-terminals.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeMap;

use common::*;
use holt_core::id::{SessionId, TerminalId};
use holt_core::sandbox::{SandboxError, Sandboxes};
use holt_core::terminal::{TerminalExit, TerminalSize, TerminalSpec};
use holt_sandbox::bwrap::BwrapDriver;
use uuid::Uuid;

const SIZE: TerminalSize = TerminalSize { rows: 24, cols: 80 };

fn spec(session: SessionId, argv: &[&str]) -> TerminalSpec {
    TerminalSpec {
        session,
        terminal: TerminalId::new(Uuid::now_v7()),
        argv: argv.iter().map(ToString::to_string).collect(),
        variables: BTreeMap::from([("PS1".to_owned(), "$ ".to_owned())]),
        size: SIZE,
        label: "a label".into(),
    }
}

/// Somebody at a terminal.
struct Person<'a> {
    driver: &'a BwrapDriver,
    session: SessionId,
    terminal: TerminalId,
    at: u64,
    seen: String,
}

impl<'a> Person<'a> {
    async fn sit_down(driver: &'a BwrapDriver, session: SessionId, argv: &[&str]) -> Self {
        let spec = spec(session, argv);
        let terminal = spec.terminal;
        driver.open_terminal(spec).await.unwrap();
        Self { driver, session, terminal, at: 0, seen: String::new() }
    }

    async fn types(&self, text: &str) {
        self.driver.write_terminal(self.session, self.terminal, text.into()).await.unwrap();
    }

    /// Looks until this can be read; gives all that was seen up to there, and forgets it.
    async fn sees(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let output = self.driver.read_terminal(self.session, self.terminal, self.at).await.unwrap();
            let Self { seen, .. } = &self;
            assert!(output.exit.is_none(), "it ended with {:?} before {text:?}; seen so far: {seen:?}", output.exit);
            assert!(!output.bytes.is_empty(), "nothing comes, and not {text:?}; seen so far: {seen:?}");
            self.at = output.from + output.bytes.len() as u64;
            self.seen.push_str(&String::from_utf8_lossy(&output.bytes));
        }
    }

    async fn sees_the_end(&mut self) -> TerminalExit {
        loop {
            let output = self.driver.read_terminal(self.session, self.terminal, self.at).await.unwrap();
            self.at = output.from + output.bytes.len() as u64;
            self.seen.push_str(&String::from_utf8_lossy(&output.bytes));
            if let Some(exit) = output.exit {
                return exit;
            }
        }
    }
}

both! {
    async fn a_shell_has_a_terminal_of_its_own_and_controls_its_jobs() {
        let den = Den::new();
        let session = den.open().await;
        let mut person = Person::sit_down(&den.driver, session, &[]).await;
        person.types("tty; echo \"shell:$(ps -o comm= -p $$)\"; pwd\n").await;
        let seen = person.sees("shell:bash").await;
        assert!(seen.contains("/dev/pts/"), "{seen}");
        assert!(!seen.contains("no job control"), "{seen}");
        person.sees("/workspace").await;
        // A shell hands the terminal over before it lets a job continue. The job starts no program: in the middle of
        // that (vfork) a process cannot be stopped.
        let job = "sh -c 'trap \"echo contin\"ued CONT; trap \"exit 5\" INT; echo run\"\"s; while :; do :; done'\n";
        person.types(job).await;
        person.sees("runs\r\n").await;
        person.types("\x1a").await;
        person.sees("Stopped").await;
        person.types("fg\n").await;
        person.sees("continued\r\n").await;
        person.types("\x03").await;
        person.sees("$ ").await;
        person.types("echo went:$?\n").await;
        person.sees("went:5").await;
        assert!(den.driver.busy(session).await.unwrap().contains(&"bash".to_owned()), "a shell keeps the sandbox busy");
        person.types("exit 7\n").await;
        assert_eq!(person.sees_the_end().await, TerminalExit::Code { code: 7 });
        assert!(den.driver.busy(session).await.unwrap().is_empty());
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_terminal_can_be_resized_and_its_programs_notice() {
        let den = Den::new();
        let session = den.open().await;
        den.run(session, "seq 1 500 > numbers").await;
        let mut person = Person::sit_down(&den.driver, session, &["less", "numbers"]).await;
        // Its last line is the one above the prompt.
        person.sees("23\r\n").await;
        let larger = TerminalSize { rows: 40, cols: 132 };
        den.driver.resize_terminal(session, person.terminal, larger).await.unwrap();
        // What it draws by itself may be of the old size, when the news comes in the middle of drawing.
        person.types("r").await;
        person.sees("39\r\n").await;
        person.types("q").await;
        assert_eq!(person.sees_the_end().await, TerminalExit::Code { code: 0 });
        for (rows, cols) in [(0, 80), (24, 0), (1, 80), (501, 80), (24, 1001), (u16::MAX, u16::MAX)] {
            let nonsense = den.driver.resize_terminal(session, person.terminal, TerminalSize { rows, cols }).await;
            assert!(matches!(nonsense, Err(SandboxError::Faulty(_))), "{rows} {cols}");
            let nonsense = den.driver.open_terminal(TerminalSpec { size: TerminalSize { rows, cols }, ..spec(session, &[]) }).await;
            assert!(matches!(nonsense, Err(SandboxError::CannotOpen { .. })), "{rows} {cols}");
        }
        assert_eq!(den.driver.terminals(session).await.unwrap()[0].size, larger);
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn words_cannot_be_put_into_a_terminals_mouth() {
        let den = Den::new();
        let session = den.open().await;
        let push = "import fcntl, termios\n\
            try: fcntl.ioctl(0, termios.TIOCSTI, b'x'); print('pushed')\n\
            except OSError as error: print('refused', error.errno)";
        let mut person = Person::sit_down(&den.driver, session, &["python3", "-c", push]).await;
        person.sees("refused 1").await;
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_flood_that_nobody_reads_goes_on_and_takes_no_more_memory() {
        let den = Den::new();
        let session = den.open().await;
        let keeper = den.trace(session).keeper();
        let flood = "head -c 30000000 /dev/zero | tr '\\0' x; echo; echo the end; exec sleep 1000";
        let mut person = Person::sit_down(&den.driver, session, &["sh", "-c", flood]).await;
        let before = resident(keeper);
        eventually("it is through", async || den.driver.terminals(session).await.unwrap()[0].written > 30_000_000).await;
        let grown = resident(keeper).saturating_sub(before);
        assert!(grown < 8 << 20, "the keeper grew by {grown}");
        let status = den.driver.terminals(session).await.unwrap().remove(0);
        assert!(status.kept_from > 28_000_000 && status.written - status.kept_from <= 1 << 20, "{status:?}");
        let output = den.driver.read_terminal(session, person.terminal, 5).await.unwrap();
        assert_eq!(output.from, status.kept_from, "whoever is behind gets the oldest that is kept, and is told");
        assert!(output.bytes.iter().all(|byte| *byte == b'x'));
        person.at = output.from;
        person.sees("the end").await;
        den.driver.close(session).await.unwrap();
    }
}

fn resident(pid: i32) -> u64 {
    holt_keeper::tree::process(pid).unwrap().resident_pages * 4096
}

both! {
    async fn closing_hangs_up_and_ends_what_does_not_go() {
        let den = Den::new();
        let session = den.open().await;
        let stubborn = "trap '' HUP TERM; (trap '' HUP; exec sleep 1001) & echo here; while true; do sleep 1002; done";
        let mut person = Person::sit_down(&den.driver, session, &["bash", "-c", stubborn]).await;
        person.sees("here").await;
        let other = Person::sit_down(&den.driver, session, &["sleep", "1003"]).await;
        den.driver.close_terminal(session, person.terminal).await.unwrap();
        let left = den.driver.busy(session).await.unwrap();
        assert_eq!(left, ["sleep"], "only the other one is left");
        let names: Vec<_> = den.driver.terminals(session).await.unwrap().into_iter().map(|one| one.terminal).collect();
        assert_eq!(names, [other.terminal]);
        let gone = den.driver.read_terminal(session, person.terminal, 0).await;
        assert_eq!(gone.err(), Some(SandboxError::NoTerminal));
        assert_eq!(den.driver.close_terminal(session, person.terminal).await, Err(SandboxError::NoTerminal));
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_program_that_is_not_there_says_so_on_its_terminal() {
        let den = Den::new();
        let session = den.open().await;
        let mut person = Person::sit_down(&den.driver, session, &["no-such-program"]).await;
        assert_eq!(person.sees_the_end().await, TerminalExit::Code { code: 127 });
        assert!(person.seen.contains("cannot start"), "{}", person.seen);
        let mut killed = Person::sit_down(&den.driver, session, &["bash", "-c", "kill -9 $$"]).await;
        assert_eq!(killed.sees_the_end().await, TerminalExit::Signal { signal: 9 });
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn there_are_few_and_ended_ones_make_room() {
        let den = Den::new();
        let session = den.open().await;
        let mut first = Person::sit_down(&den.driver, session, &["head", "-n", "1"]).await;
        for _ in 1..8 {
            den.driver.open_terminal(spec(session, &["sleep", "1000"])).await.unwrap();
        }
        let ninth = spec(session, &["sleep", "1000"]);
        let full = den.driver.open_terminal(ninth.clone()).await;
        assert!(matches!(&full, Err(SandboxError::CannotOpen { code, .. }) if code == "too_many_terminals"), "{full:?}");
        first.types("done\n").await;
        first.sees_the_end().await;
        den.driver.open_terminal(ninth.clone()).await.unwrap();
        den.driver.open_terminal(ninth).await.unwrap();
        assert_eq!(den.driver.terminals(session).await.unwrap().len(), 8);
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_terminal_outlives_the_server_and_dies_with_its_sandbox() {
        let den = Den::new();
        let session = den.open().await;
        let mut person = Person::sit_down(&den.driver, session, &[]).await;
        person.types("echo be''fore\n").await;
        person.sees("before").await;
        let trace = den.trace(session);
        let next = den.successor();
        let found = next.terminals(session).await.unwrap().remove(0);
        assert_eq!((found.terminal, found.label.as_str(), found.size), (person.terminal, "a label", SIZE));
        next.label_terminal(session, found.terminal, "another".into()).await.unwrap();
        let mut again = Person { driver: &next, at: person.at, seen: String::new(), ..person };
        again.types("echo af''ter\n").await;
        let seen = again.sees("after").await;
        assert!(!seen.contains("before"), "exactly what came since: {seen}");
        assert_eq!(next.terminals(session).await.unwrap()[0].label, "another");
        let processes = trace.processes();
        next.close(session).await.unwrap();
        eventually("all is gone", async || trace.left(&processes).is_empty()).await;
    }
}
