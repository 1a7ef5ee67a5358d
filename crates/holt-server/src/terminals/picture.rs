//! What a terminal shows, and the newest part of what led to it.
//!
//! The bytes come from a sandbox and may be anything. They are kept as they are, for viewers who saw what came before, and
//! drawn by an emulator, for those who did not.

use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};

use holt_core::terminal::{TerminalExit, TerminalSize};

/// How much of what was put out is kept, as its keeper keeps it.
const KEPT_BYTES: usize = 1024 * 1024;
/// How many lines above the screen are drawn for whoever comes late.
const LINES_ABOVE: usize = 400;
/// A viewer gets at most so much at a time.
const PIECE: usize = 64 * 1024;

/// Why a terminal puts out nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Exit(TerminalExit),
    /// It was closed, or its sandbox.
    Closed,
}

/// What a viewer gets next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Bytes(Vec<u8>),
    /// What it has not seen is not kept any more.
    Behind,
    Nothing,
    Ended(Ended),
}

pub(crate) struct Picture {
    /// How many bytes came before those that are kept.
    dropped: u64,
    kept: VecDeque<u8>,
    emulator: vt100::Parser,
    pub size: TerminalSize,
    pub ended: Option<Ended>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("written", &self.written()).field("size", &self.size).finish_non_exhaustive()
    }
}

impl Picture {
    /// An empty one, whose first byte will be this.
    pub fn new(from: u64, size: TerminalSize) -> Self {
        Self { dropped: from, kept: VecDeque::new(), emulator: emulator(size), size, ended: None }
    }

    /// How many bytes there have been.
    pub fn written(&self) -> u64 {
        self.dropped + self.kept.len() as u64
    }

    /// Whether everything from this byte on is kept.
    pub fn has(&self, offset: u64) -> bool {
        (self.dropped..=self.written()).contains(&offset)
    }

    /// Takes what was put out, from this byte on. What is missing before it is missed by all.
    pub fn take(&mut self, from: u64, bytes: &[u8]) {
        if from != self.written() {
            self.kept.clear();
            self.dropped = from;
        }
        self.kept.extend(bytes);
        let over = self.kept.len().saturating_sub(KEPT_BYTES);
        self.kept.drain(..over);
        self.dropped += over as u64;
        self.draw(|emulator| emulator.process(bytes));
    }

    pub fn resize(&mut self, size: TerminalSize) {
        self.size = size;
        let (rows, cols) = rows_and_cols(size);
        self.draw(|emulator| emulator.set_size(rows, cols));
    }

    pub fn next(&self, at: u64) -> Next {
        if !self.has(at) {
            return Next::Behind;
        }
        let skipped = usize::try_from(at - self.dropped).unwrap_or(usize::MAX);
        let bytes: Vec<u8> = self.kept.iter().skip(skipped).take(PIECE).copied().collect();
        match (bytes.is_empty(), self.ended) {
            (false, _) => Next::Bytes(bytes),
            (true, Some(ended)) => Next::Ended(ended),
            (true, None) => Next::Nothing,
        }
    }

    /// What draws the present screen on one that is clear, and some lines above it.
    pub fn screen(&mut self) -> Vec<u8> {
        let mut drawn = String::new();
        self.draw(|emulator| {
            if emulator.screen().alternate_screen() {
                drawn.push_str("\x1b[?1049h");
            } else {
                lines_above(emulator, &mut drawn);
            }
            drawn.push_str(&emulator.screen().state_formatted());
        });
        drawn.into_bytes()
    }

    /// Nothing that a program puts out may end more than its own picture.
    fn draw(&mut self, draw: impl FnOnce(&mut vt100::Parser)) {
        if catch_unwind(AssertUnwindSafe(|| draw(&mut self.emulator))).is_err() {
            tracing::warn!("a terminal's picture was given up");
            self.emulator = emulator(self.size);
        }
    }
}

/// The lines that have scrolled away, pushed so far up that the screen has room below them.
fn lines_above(emulator: &mut vt100::Parser, drawn: &mut String) {
    let (rows, cols) = emulator.screen().size();
    emulator.screen_mut().set_scrollback(LINES_ABOVE);
    let above = emulator.screen().scrollback();
    for line in (1..=above).rev() {
        emulator.screen_mut().set_scrollback(line);
        drawn.extend(emulator.screen().rows_formatted(0, cols.get()).next());
        drawn.push_str("\x1b[m\r\n");
    }
    emulator.screen_mut().set_scrollback(0);
    if above > 0 {
        drawn.push_str(&"\r\n".repeat(usize::from(rows.get())));
    }
}

fn emulator(size: TerminalSize) -> vt100::Parser {
    let (rows, cols) = rows_and_cols(size);
    vt100::Parser::new(rows, cols, LINES_ABOVE)
}

fn rows_and_cols(size: TerminalSize) -> (NonZeroU16, NonZeroU16) {
    let number = |number, or| NonZeroU16::new(number).unwrap_or(or);
    (number(size.rows, vt100::Parser::DEFAULT_ROWS), number(size.cols, vt100::Parser::DEFAULT_COLS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: TerminalSize = TerminalSize { rows: 5, cols: 20 };

    fn seen(bytes: &[u8], size: TerminalSize) -> String {
        let mut emulator = emulator(size);
        emulator.process(bytes);
        emulator.screen().contents()
    }

    #[test]
    fn who_comes_late_sees_the_screen_and_the_lines_above() {
        let mut picture = Picture::new(0, SIZE);
        for line in 1..=30 {
            picture.take(picture.written(), format!("line {line}\r\n").as_bytes());
        }
        picture.take(picture.written(), b"\x1b[1mhere\x1b[m \x1b[31mnow");
        let screen = picture.screen();
        assert_eq!(seen(&screen, SIZE), "line 27\nline 28\nline 29\nline 30\nhere now");
        let tall = seen(&screen, TerminalSize { rows: 60, cols: 20 });
        assert!(tall.starts_with("line 1\nline 2\n") || tall.contains("here now"), "{tall}");
        let text = String::from_utf8(screen).unwrap();
        assert!(text.contains("line 3") && text.contains("\x1b[1mhere"), "{text:?}");
    }

    #[test]
    fn a_program_that_has_the_whole_screen_is_found_there() {
        let mut picture = Picture::new(0, SIZE);
        picture.take(0, b"before\r\n\x1b[?1049h\x1b[2J\x1b[Hin the editor\x1b[?2004h");
        let screen = String::from_utf8(picture.screen()).unwrap();
        assert!(screen.starts_with("\x1b[?1049h") && screen.contains("\x1b[?2004h") && !screen.contains("before"), "{screen:?}");
    }

    #[test]
    fn what_is_missing_is_missed_and_then_it_goes_on() {
        let mut picture = Picture::new(100, SIZE);
        picture.take(100, b"abc");
        assert_eq!((picture.next(99), picture.next(101)), (Next::Behind, Next::Bytes(b"bc".into())));
        assert_eq!((picture.next(103), picture.next(104)), (Next::Nothing, Next::Behind));
        picture.take(200, b"xyz");
        assert_eq!((picture.next(103), picture.next(200)), (Next::Behind, Next::Bytes(b"xyz".into())));
        picture.ended = Some(Ended::Closed);
        assert_eq!((picture.next(201), picture.next(203)), (Next::Bytes(b"yz".into()), Next::Ended(Ended::Closed)));
    }

    proptest! {
        // Each draws a mebibyte.
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn from_any_offset_on_the_bytes_are_those_of_the_stream(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..8),
            fill in prop_oneof![0usize..1000, 1_030_000usize..1_100_000],
            from in any::<prop::sample::Index>(),
        ) {
            let (mut picture, mut whole) = (Picture::new(0, SIZE), vec![b'x'; fill]);
            picture.take(0, &whole);
            for part in parts {
                picture.take(picture.written(), &part);
                whole.extend(part);
            }
            let from = from.index(whole.len() + 1);
            prop_assert_eq!(picture.has(from as u64), whole.len() - from <= KEPT_BYTES);
            if picture.has(from as u64) {
                let (mut at, mut got) = (from as u64, Vec::new());
                while let Next::Bytes(bytes) = picture.next(at) {
                    at += bytes.len() as u64;
                    got.extend(bytes);
                }
                prop_assert!(got == whole[from..]);
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_sizes_end_a_picture(
            steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60), "(\u{1b}\\[[0-9;?]{0,8}[a-zA-Z@`]|[ -~]|\u{1b}.|\n|\r|\u{4e00}){0,30}", 2u16..40, 4u16..40), 0..12)
        ) {
            let mut picture = Picture::new(0, SIZE);
            for (bytes, text, rows, cols) in steps {
                picture.take(picture.written(), &bytes);
                picture.take(picture.written(), text.as_bytes());
                picture.resize(TerminalSize { rows, cols });
                picture.screen();
            }
        }
    }
}
