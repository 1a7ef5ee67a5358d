//! A command as a shell would take it apart, without running anything of it.
//!
//! Promises: it ends on every text, within bounds; it never panics; and a command of which something depends on what is only
//! known when it runs, or which says what this does not understand, is marked as unclear. Then the commands that were
//! found are some of those that would run, and nothing may be allowed because of them.

mod reader;
#[cfg(test)]
mod tests;
mod wrappers;

pub use wrappers::name_of;

use reader::{Piece, Reader};

/// Longer commands are not taken apart.
pub const MAX_TEXT: usize = 32 * 1024;
const MAX_COMMANDS: usize = 100;
/// How deeply commands may stand in commands, as in `sh -c "sh -c …"`.
const MAX_DEPTH: u8 = 4;

/// What a text would run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Script {
    /// The words of each simple command, without their quotes, also of those that others start.
    pub commands: Vec<Vec<String>>,
    /// Why it cannot be said what runs, in words for people.
    pub unclear: Option<&'static str>,
}

impl Script {
    /// Takes a command line apart.
    pub fn parse(text: &str) -> Self {
        let mut script = Self::default();
        script.add(text, 0);
        script
    }

    /// One command whose words are known already.
    pub fn of_words(words: &[String]) -> Self {
        let mut script = Self::default();
        script.push(words, 0);
        script
    }

    fn doubt(&mut self, why: &'static str) {
        self.unclear.get_or_insert(why);
    }

    fn add(&mut self, text: &str, depth: u8) {
        if text.len() > MAX_TEXT || depth > MAX_DEPTH {
            return self.doubt("it is too long or too deep to be taken apart");
        }
        let mut reader = Reader::new(text);
        let mut line = Line::default();
        while let Some(piece) = reader.next_piece() {
            if self.commands.len() >= MAX_COMMANDS {
                return self.doubt("it has too many parts");
            }
            self.piece(piece, &mut line, depth);
        }
        self.finish(&mut line, depth);
        if line.open != 0 {
            self.doubt("a parenthesis is not closed");
        }
        if let Some(why) = reader.unclear {
            self.doubt(why);
        }
    }

    fn piece(&mut self, piece: Piece, line: &mut Line, depth: u8) {
        match piece {
            Piece::Word(word) => line.words.push(word),
            Piece::Separator => self.finish(line, depth),
            Piece::Open if line.words.is_empty() => line.open += 1,
            Piece::Open => self.doubt("it defines a function or a list"),
            Piece::Close => {
                self.finish(line, depth);
                line.open -= 1;
                if line.open < 0 {
                    self.doubt("a parenthesis is not opened");
                }
            }
        }
    }

    /// A simple command is complete.
    fn finish(&mut self, line: &mut Line, depth: u8) {
        let words = std::mem::take(&mut line.words);
        let is_mark = |word: &&Word| !word.quoted && ["!", "{", "}"].contains(&word.text.as_str());
        let marks = words.iter().take_while(is_mark).count();
        let words = &words[marks..];
        if let Some(first) = words.first() {
            if first.is_assignment {
                self.doubt("it sets a variable");
            }
            if !first.quoted && KEYWORDS.contains(&first.text.as_str()) {
                self.doubt("it has conditions or loops");
            }
        }
        let command = words.iter().skip_while(|word| word.is_assignment);
        let command: Vec<String> = command.map(|word| word.text.clone()).collect();
        self.push(&command, depth);
    }

    fn push(&mut self, words: &[String], depth: u8) {
        let Some(name) = words.first() else { return };
        if ["{", "!"].contains(&name.as_str()) {
            self.doubt("it groups commands in a way that is not taken apart");
        }
        let has_moved = self.commands.iter().any(|before| matches!(before[0].as_str(), "cd" | "pushd" | "popd"));
        if has_moved && name.contains('/') && !name.starts_with('/') {
            self.doubt("it starts a program by its place in another directory");
        }
        self.commands.push(words.to_vec());
        wrappers::look_into(self, words, depth);
    }
}

/// Words that begin what is more than a simple command.
const KEYWORDS: [&str; 18] = [
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "in", "select", "function",
    "coproc", "[[", "]]",
];

/// The simple command that is being read.
#[derive(Default)]
struct Line {
    words: Vec<Word>,
    /// How many parentheses are open.
    open: i32,
}

/// A word without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    /// Some of it was quoted.
    quoted: bool,
    /// It has the form of an assignment, which counts at the beginning of a command.
    is_assignment: bool,
}
