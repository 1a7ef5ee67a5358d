//! Lines out of bytes, in whatever pieces they come. Pure, and bounded like server-sent events are.

use crate::sse::{MAX_EVENT_BYTES, TooLong};

/// Takes bytes and gives the lines that they complete. Blank ones are left out.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
}

impl Decoder {
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            self.extend(&rest[..at])?;
            lines.extend(self.end());
            rest = &rest[at + 1..];
        }
        self.extend(rest)?;
        Ok(lines)
    }

    /// The last line, when it has no end.
    pub fn end(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut lines: Vec<String> = pieces.iter().flat_map(|piece| decoder.push(piece).unwrap()).collect();
        lines.extend(decoder.end());
        lines
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut decoder = Decoder::default();
        let flood = vec![b'x'; MAX_EVENT_BYTES / 2 + 1];
        assert_eq!(decoder.push(&flood), Ok(vec![]));
        assert_eq!(decoder.push(&flood), Err(TooLong));
    }

    proptest! {
        #[test]
        fn lines_are_the_same_wherever_the_bytes_are_split(text in "[ab ü\r\n]{0,60}", at in 0usize..100) {
            let bytes = text.as_bytes();
            let at = at.min(bytes.len());
            let wanted: Vec<String> =
                text.split('\n').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
            prop_assert_eq!(&decode(&[bytes]), &wanted);
            prop_assert_eq!(&decode(&[&bytes[..at], &bytes[at..]]), &wanted);
        }
    }
}
