//! Server-sent events, as far as Holt sends them: a pure parser of bytes into frames, whatever the pieces they come in.

use crate::error::ClientError;

/// The most bytes of one frame: an event's body may have 8 MiB, a snapshot stays far below.
const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;

/// One frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    pub event: String,
    pub data: String,
}

/// Collects bytes and gives whole frames.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    bytes: Vec<u8>,
    /// Up to here there is no line end.
    searched: usize,
    /// Up to here lines were taken.
    taken: usize,
    frame: Frame,
}

impl Parser {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, when all of it has come.
    pub fn next(&mut self) -> Result<Option<Frame>, ClientError> {
        while let Some(line) = self.line() {
            let line = String::from_utf8_lossy(&line).into_owned();
            if line.is_empty() {
                let frame = std::mem::take(&mut self.frame);
                if !frame.data.is_empty() {
                    return Ok(Some(frame));
                }
            } else {
                self.field(&line);
            }
        }
        let held = self.bytes.len() - self.taken + self.frame.data.len();
        if held > MAX_FRAME_BYTES {
            return Err(ClientError::TooLarge { what: "a frame of the feed".into(), limit: MAX_FRAME_BYTES });
        }
        Ok(None)
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let found = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n');
        let Some(length) = found else {
            self.searched = self.bytes.len();
            return None;
        };
        let end = self.searched + length;
        let line = &self.bytes[self.taken..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        self.taken = end + 1;
        self.searched = self.taken;
        Some(line)
    }

    /// Comments (a line that starts with `:`) and fields that nobody here needs are passed over.
    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.frame.event),
            "data" => {
                if !self.frame.data.is_empty() {
                    self.frame.data.push('\n');
                }
                self.frame.data.push_str(value);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Frame> {
        let mut parser = Parser::default();
        let mut frames = Vec::new();
        for piece in pieces {
            parser.push(piece);
            while let Some(frame) = parser.next().unwrap() {
                frames.push(frame);
            }
        }
        frames
    }

    #[test]
    fn frames_comments_and_line_ends() {
        let text =
            b": hello\n\nid: 3\nevent: event\ndata: {\"a\":1}\n\nevent: delta\r\ndata:x\r\ndata: y\r\n\r\ndata: unfinished";
        let frame = |event: &str, data: &str| Frame { event: event.into(), data: data.into() };
        assert_eq!(parse([&text[..]].into_iter()), [frame("event", "{\"a\":1}"), frame("delta", "x\ny")]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut parser = Parser::default();
        let result = (0..40).find_map(|_| {
            parser.push(&vec![b'x'; 1024 * 1024]);
            parser.next().err()
        });
        assert_eq!(result.unwrap().code(), "too_large");
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(text in "(data: [a-zé]{0,9}|event: [a-z]{1,4}|:|id: 1|\r?\n|\n\n){0,40}", size in 1usize..9) {
            let bytes = text.as_bytes();
            prop_assert_eq!(parse(bytes.chunks(size)), parse([bytes].into_iter()));
        }

        #[test]
        fn no_bytes_break_it(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..40)) {
            parse(pieces.iter().map(Vec::as_slice));
        }
    }
}
