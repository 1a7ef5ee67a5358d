//! Server-sent events out of bytes, in whatever pieces they come. Pure, and bounded: a line or an event that is too long
//! is an error, never a growing buffer.

/// The most bytes that one event may have. Some providers say a whole answer, and what they were asked, again in the last.
pub(crate) const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// An event is longer than anything that makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {MAX_EVENT_BYTES} bytes")]
pub struct TooLong;

/// Takes bytes and gives the data of each event that they complete. Names, ids and comments are left out: the providers
/// say in the data what an event is.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    data: Option<String>,
    /// The last byte was a carriage return, so that a line feed right behind it belongs to the same line end.
    after_return: bool,
    begun: bool,
}

impl Decoder {
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let belongs_to_last = at == 0 && self.after_return && rest[0] == b'\n' && self.line.is_empty();
            self.extend(&rest[..at])?;
            self.after_return = rest[at] == b'\r';
            rest = &rest[at + 1..];
            if !belongs_to_last {
                events.extend(self.end_line()?);
            }
        }
        if !rest.is_empty() {
            self.after_return = false;
            self.extend(rest)?;
        }
        Ok(events)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<String>, TooLong> {
        let mut line = std::mem::take(&mut self.line);
        if !self.begun {
            self.begun = true;
            if line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
        }
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            let data = self.data.get_or_insert_default();
            if data.len() + value.len() > MAX_EVENT_BYTES {
                return Err(TooLong);
            }
            if !data.is_empty() {
                data.push('\n');
            }
            data.push_str(value);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        pieces.iter().flat_map(|piece| decoder.push(piece).unwrap()).collect()
    }

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_split() {
        let text =
            "\u{feff}data: one\n\n: a comment\r\nevent: x\r\ndata:two\r\ndata: zwölf\r\n\r\nid: 1\rdata: three\r\rdata: unfinished"
                .as_bytes();
        let whole = decode(&[text]);
        assert_eq!(whole, ["one", "two\nzwölf", "three"]);
        for at in 0..=text.len() {
            assert_eq!(decode(&[&text[..at], &text[at..]]), whole, "split at {at}");
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(decode(&single), whole);
    }

    #[test]
    fn an_endless_line_and_an_endless_event_are_refused() {
        let mut decoder = Decoder::default();
        let flood = vec![b'x'; MAX_EVENT_BYTES / 2 + 1];
        assert_eq!(decoder.push(&flood), Ok(vec![]));
        assert_eq!(decoder.push(&flood), Err(TooLong));

        let mut decoder = Decoder::default();
        let line = format!("data: {}\n", "x".repeat(MAX_EVENT_BYTES / 2));
        assert_eq!(decoder.push(line.as_bytes()), Ok(vec![]));
        assert_eq!(decoder.push(line.as_bytes()), Ok(vec![]));
        assert_eq!(decoder.push(line.as_bytes()), Err(TooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..300) {
            let at = at.min(bytes.len());
            prop_assert_eq!(decode(&[&bytes]), decode(&[&bytes[..at], &bytes[at..]]));
        }
    }
}
