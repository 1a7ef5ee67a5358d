//! What a command says: results to standard output, everything about the work itself to standard error.
//!
//! Piped, it is plain; with `--json`, standard output holds nothing but JSON.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;
use crate::terminal::{clean, clean_line};

/// How the person, or the program, wants it said.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    pub json: bool,
}

/// Work has to take this long before anything moves on the screen.
const QUIET: Duration = Duration::from_secs(1);

impl Output {
    /// A line of results that is ours alone, or was filtered.
    pub fn line(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        Ok(writeln!(out, "{text}")?)
    }

    /// A piece of text without a line end.
    pub fn piece(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        write!(out, "{text}")?;
        Ok(out.flush()?)
    }

    /// A value as JSON on one line.
    pub fn json(self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(io::Error::from)?;
        self.line(&text)
    }

    /// A result: JSON when that is wanted, else the lines of `text`.
    pub fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json { self.json(value) } else { self.line(text().trim_end_matches('\n')) }
    }

    /// A remark about the work. It never mixes with results, and is filtered.
    pub fn note(self, text: &str) {
        // When even this cannot be said there is nobody to hear why.
        let _ = writeln!(io::stderr().lock(), "{}", clean(text));
    }

    pub fn failure(self, failure: &Failure) {
        if failure.is_silent() {
            return;
        }
        let mut to = io::stderr().lock();
        let Failure { code, message, hint, .. } = failure;
        let _ = if self.json {
            writeln!(to, "{}", json!({ "error": { "code": code, "message": message, "hint": hint } }))
        } else if hint.is_empty() {
            writeln!(to, "holt: {}", clean(message))
        } else {
            writeln!(to, "holt: {}\n      {}", clean(message), clean(hint))
        };
    }

    /// A turning sign for work of unknown length. It shows only after a second, and only to a person.
    pub fn spinner(self, what: &str) -> ProgressBar {
        self.bar(None, what)
    }

    /// A bar for a transfer, or a turning sign when its size is not known.
    pub fn bar(self, size: Option<u64>, what: &str) -> ProgressBar {
        if self.json || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::hidden();
        let template = match size {
            Some(size) => {
                bar.set_length(size);
                "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}"
            }
            None => "{spinner} {msg} {elapsed}",
        };
        // The templates are the two above.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(clean_line(what));
        let late = bar.downgrade();
        std::thread::spawn(move || {
            std::thread::sleep(QUIET);
            if let Some(bar) = late.upgrade().filter(|bar| !bar.is_finished()) {
                bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
                bar.enable_steady_tick(Duration::from_millis(120));
            }
        });
        bar
    }

    /// Whether somebody sits there who can be asked.
    pub fn can_ask(self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks for a yes. Anything else, and nobody there, is a no.
    pub fn confirm(self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        let _ = write!(io::stderr().lock(), "{} [y/N] ", clean(question));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
    }
}

/// Rows in columns, as wide as they need to be; the last column is left ragged.
pub fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = if column + 1 == row.len() { 0 } else { width(column).unwrap_or(0) };
            format!("{cell:width$}")
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(table(&[row(["ä", "b"]), row(["long", ""]), row(["x", "yy"])]), "ä     b\nlong\nx     yy");
    }
}
