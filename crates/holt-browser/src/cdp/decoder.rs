//! Takes a stream apart into messages that end with a zero byte, each of a bounded size.

/// The longest message that is kept. A picture of a long page is some megabytes.
pub const MAX_MESSAGE: usize = 48 * 1024 * 1024;
/// How much of a message that is too long is kept, to know what it would have answered.
const HEAD: usize = 64;
/// What a buffer may keep after a long message.
const KEPT: usize = 256 * 1024;

/// What comes out of the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    Message(Vec<u8>),
    /// A message that was too long, of which only the beginning is known.
    TooLong(Vec<u8>),
}

#[derive(Debug)]
pub struct Decoder {
    most: usize,
    buffer: Vec<u8>,
    /// The message that is being read is too long; what comes of it is dropped.
    dropping: bool,
}

impl Decoder {
    pub fn new(most: usize) -> Self {
        Self { most: most.max(HEAD), buffer: Vec::new(), dropping: false }
    }

    /// Takes bytes in; hands out each message that they complete.
    pub fn take(&mut self, mut bytes: &[u8], mut complete: impl FnMut(Frame)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == 0) {
            self.grow(&bytes[..end]);
            bytes = &bytes[end + 1..];
            let message = std::mem::take(&mut self.buffer);
            let too_long = std::mem::take(&mut self.dropping);
            complete(if too_long { Frame::TooLong(message) } else { Frame::Message(message) });
        }
        self.grow(bytes);
    }

    fn grow(&mut self, bytes: &[u8]) {
        if self.dropping {
            return;
        }
        if self.buffer.len() + bytes.len() > self.most {
            let room = HEAD.saturating_sub(self.buffer.len()).min(bytes.len());
            self.buffer.extend_from_slice(&bytes[..room]);
            self.buffer.truncate(HEAD);
            self.buffer.shrink_to(KEPT);
            self.dropping = true;
            return;
        }
        self.buffer.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(decoder: &mut Decoder, pieces: &[&[u8]]) -> Vec<Frame> {
        let mut all = Vec::new();
        for piece in pieces {
            decoder.take(piece, |frame| all.push(frame));
        }
        all
    }

    #[test]
    fn messages_come_out_as_they_were_put_in() {
        let mut decoder = Decoder::new(100);
        let got = frames(&mut decoder, &[b"{\"a\"", b":1}\0\0{}", b"\0{\"re"]);
        let message = |text: &str| Frame::Message(text.into());
        assert_eq!(got, [message("{\"a\":1}"), message(""), message("{}")]);
    }

    #[test]
    fn a_message_that_is_too_long_leaves_its_head_and_nothing_else() {
        let mut decoder = Decoder::new(100);
        let long = vec![b'x'; 5000];
        let got = frames(&mut decoder, &[b"{\"id\":7,", &long, &long, b"\0next\0"]);
        let Frame::TooLong(head) = &got[0] else { panic!("{got:?}") };
        assert!(head.starts_with(b"{\"id\":7,xxx") && head.len() == HEAD);
        assert_eq!(got[1], Frame::Message(b"next".into()));
        assert!(decoder.buffer.capacity() <= KEPT);
    }

    proptest! {
        #[test]
        fn how_bytes_are_cut_makes_no_difference(bytes in proptest::collection::vec(0_u8..4, 0..600), cuts in proptest::collection::vec(1_usize..40, 1..30)) {
            let mut whole = Vec::new();
            Decoder::new(70).take(&bytes, |frame| whole.push(frame));
            let mut pieces = Vec::new();
            let mut decoder = Decoder::new(70);
            let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, left) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                decoder.take(piece, |frame| pieces.push(frame));
                rest = left;
            }
            prop_assert_eq!(whole, pieces);
        }
    }
}
