//! Words, separators and redirections, read from a text.

use std::iter::Peekable;
use std::str::Chars;

use super::Word;

/// What a command line is made of.
pub(super) enum Piece {
    Word(Word),
    /// What stands between two simple commands.
    Separator,
    Open,
    Close,
}

/// Reads pieces. Redirections are taken out; one that is more than `2>&1` or `/dev/null` makes the text unclear.
pub(super) struct Reader<'a> {
    text: Peekable<Chars<'a>>,
    pub unclear: Option<&'static str>,
    /// What follows this line is the text of a here-document.
    ends_with_line: bool,
}

const SUBSTITUTES: &str = "what it runs is only known when it runs (a variable or a substitution)";
const MATCHES_FILES: &str = "which files it names is only known when it runs (a pattern)";
const QUOTE: &str = "a quote is not closed";
const INTO_FILES: &str = "it reads or writes a file by redirection";

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text: text.chars().peekable(), unclear: None, ends_with_line: false }
    }

    fn doubt(&mut self, why: &'static str) {
        self.unclear.get_or_insert(why);
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.text.next_if_eq(&wanted).is_some()
    }

    fn skip_blanks(&mut self) {
        loop {
            let mut ahead = self.text.clone();
            match (ahead.next(), ahead.next()) {
                (Some(' ' | '\t'), _) => {}
                (Some('\\'), Some('\n')) => {
                    self.text.next();
                }
                _ => return,
            }
            self.text.next();
        }
    }

    pub fn next_piece(&mut self) -> Option<Piece> {
        loop {
            self.skip_blanks();
            match *self.text.peek()? {
                '#' => while self.text.next_if(|c| *c != '\n').is_some() {},
                '\n' if self.ends_with_line => return None,
                '\n' => return self.one(Piece::Separator),
                ';' | '&' | '|' => return Some(self.separator()),
                '(' => return Some(self.parenthesis()),
                ')' => return self.one(Piece::Close),
                '<' | '>' => self.redirection(),
                _ => {
                    let word = self.word();
                    let is_number = !word.quoted && !word.text.is_empty() && word.text.bytes().all(|b| b.is_ascii_digit());
                    if is_number && matches!(self.text.peek(), Some('<' | '>')) {
                        self.redirection();
                    } else {
                        return Some(Piece::Word(word));
                    }
                }
            }
        }
    }

    fn one(&mut self, piece: Piece) -> Option<Piece> {
        self.text.next();
        Some(piece)
    }

    fn separator(&mut self) -> Piece {
        let first = self.text.next();
        match (first, self.text.peek()) {
            (Some('&'), Some('>')) => self.doubt(INTO_FILES),
            (Some(';'), Some(';' | '&')) => self.doubt("it has conditions or loops"),
            (Some('&'), Some('&')) | (Some('|'), Some('|' | '&')) => {
                self.text.next();
            }
            _ => {}
        }
        Piece::Separator
    }

    fn parenthesis(&mut self) -> Piece {
        self.text.next();
        if self.text.peek() == Some(&'(') {
            self.doubt("it computes");
        }
        Piece::Open
    }

    /// `>`, `>>`, `>|`, `>&`, `<`, `<>`, `<&`, `<<`, `<<<`, and what they lead to.
    fn redirection(&mut self) {
        let direction = self.text.next();
        let copies = self.takes('&');
        if !copies && self.text.peek() == Some(&'(') {
            return self.doubt(SUBSTITUTES);
        }
        if direction == Some('<') && self.takes('<') {
            self.ends_with_line |= !self.takes('<');
            self.doubt("it brings text of its own for a program to read");
        } else if !copies {
            let _ = self.takes('>') || self.takes('|');
        }
        self.skip_blanks();
        let target = self.word().text;
        let is_descriptor = target == "-" || target.bytes().all(|byte| byte.is_ascii_digit());
        let is_harmless = if copies { is_descriptor } else { ["/dev/null", "/dev/stdout", "/dev/stderr"].contains(&&*target) };
        if !is_harmless || target.is_empty() {
            self.doubt(INTO_FILES);
        }
    }

    fn word(&mut self) -> Word {
        let mut word = Word { text: String::new(), quoted: false, is_assignment: false };
        while let Some(c) = self.text.next_if(|c| !matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>')) {
            match c {
                '\'' => self.single(&mut word),
                '"' => self.double(&mut word),
                '\\' => self.escaped(&mut word),
                '$' if self.text.peek().is_none_or(|next| next.is_ascii_whitespace()) => word.text.push('$'),
                '$' | '`' => {
                    self.doubt(SUBSTITUTES);
                    word.text.push(c);
                }
                _ => self.plain(c, &mut word),
            }
        }
        word
    }

    /// A character outside of quotes.
    fn plain(&mut self, c: char, word: &mut Word) {
        let ends = |next: Option<&char>| next.is_none_or(|next| next.is_ascii_whitespace() || ";&|()<>".contains(*next));
        let is_alone = word.text.is_empty() && !word.quoted && ends(self.text.peek());
        match c {
            '[' if is_alone => {}
            '*' | '?' | '[' => self.doubt(MATCHES_FILES),
            '{' if is_alone => {}
            '{' if self.text.peek() == Some(&'}') => {}
            '{' => self.doubt("it has braces that a shell expands"),
            '=' if !word.quoted => word.is_assignment |= is_name(word.text.strip_suffix('+').unwrap_or(&word.text)),
            _ => self.control(c),
        }
        word.text.push(c);
    }

    fn control(&mut self, c: char) {
        if c.is_control() && c != '\t' && c != '\n' {
            self.doubt("it has control characters");
        }
    }

    fn single(&mut self, word: &mut Word) {
        word.quoted = true;
        loop {
            match self.text.next() {
                Some('\'') => return,
                Some(c) => {
                    self.control(c);
                    word.text.push(c);
                }
                None => return self.doubt(QUOTE),
            }
        }
    }

    fn double(&mut self, word: &mut Word) {
        word.quoted = true;
        loop {
            match self.text.next() {
                Some('"') => return,
                Some('\\') => match self.text.next() {
                    Some('\n') => {}
                    Some(c @ ('$' | '`' | '"' | '\\')) => word.text.push(c),
                    Some(c) => word.text.extend(['\\', c]),
                    None => return self.doubt(QUOTE),
                },
                Some('$') if matches!(self.text.peek(), Some('"' | ' ' | '\n')) => word.text.push('$'),
                Some(c @ ('$' | '`')) => {
                    self.doubt(SUBSTITUTES);
                    word.text.push(c);
                }
                Some(c) => {
                    self.control(c);
                    word.text.push(c);
                }
                None => return self.doubt(QUOTE),
            }
        }
    }

    fn escaped(&mut self, word: &mut Word) {
        match self.text.next() {
            Some('\n') => {}
            Some(c) => {
                word.quoted = true;
                self.control(c);
                word.text.push(c);
            }
            None => self.doubt("it ends in a backslash"),
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
