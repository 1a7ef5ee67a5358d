//! Frames: two lengths, a JSON header, raw bytes. Whatever arrives, no more is buffered than a frame may have.

use std::io;

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The most bytes of a frame's JSON header.
pub const MAX_HEADER: usize = 256 * 1024;
/// The most raw bytes of a frame.
pub const MAX_BODY: usize = 8 * 1024 * 1024;
const LENGTHS: usize = 8;
const READ_AT_ONCE: usize = 16 * 1024;

/// One frame, its header not yet understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    pub header: Vec<u8>,
    pub body: Vec<u8>,
}

/// What is wrong with bytes that should be a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("a frame's header has {0} bytes, more than {MAX_HEADER}")]
    HeaderTooLong(usize),
    #[error("a frame's body has {0} bytes, more than {MAX_BODY}")]
    BodyTooLong(usize),
    #[error("a frame's header is not understood: {0}")]
    NotUnderstood(String),
    #[error("the connection ended within a frame")]
    Cut,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Frame {
    pub fn new<T: Serialize>(header: &T, body: Vec<u8>) -> Result<Self, FrameError> {
        let header = serde_json::to_vec(header).map_err(|error| FrameError::NotUnderstood(error.to_string()))?;
        check(header.len(), body.len())?;
        Ok(Self { header, body })
    }

    pub fn understand<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        serde_json::from_slice(&self.header).map_err(|error| FrameError::NotUnderstood(error.to_string()))
    }

    /// The frame as it goes over the socket.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTHS + self.header.len() + self.body.len());
        for part in [&self.header, &self.body] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        bytes.extend_from_slice(&self.header);
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn check(header: usize, body: usize) -> Result<(), FrameError> {
    if header > MAX_HEADER {
        return Err(FrameError::HeaderTooLong(header));
    }
    if body > MAX_BODY {
        return Err(FrameError::BodyTooLong(body));
    }
    Ok(())
}

/// Takes bytes as they come and gives frames.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
}

impl Decoder {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Nothing of an unfinished frame is held.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The next whole frame. After an error the connection is of no more use.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let (Some(header), Some(body)) = (self.length(0), self.length(4)) else { return Ok(None) };
        check(header, body)?;
        if self.buffer.len() < LENGTHS + header + body {
            return Ok(None);
        }
        let rest = self.buffer.split_off(LENGTHS + header + body);
        let mut frame = std::mem::replace(&mut self.buffer, rest);
        let body = frame.split_off(LENGTHS + header);
        Ok(Some(Frame { header: frame.split_off(LENGTHS), body }))
    }

    fn length(&self, at: usize) -> Option<usize> {
        let bytes = self.buffer.get(at..at + 4)?;
        Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }
}

/// Reads frames. Dropping a read in the middle loses nothing.
#[derive(Debug)]
pub struct FrameReader<R> {
    reader: R,
    decoder: Decoder,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, decoder: Decoder::default() }
    }

    /// The reader, for what comes after the frames, and what was read of that already.
    pub fn into_parts(self) -> (R, Vec<u8>) {
        (self.reader, self.decoder.buffer)
    }

    /// The next frame; none when the other side has closed between two frames.
    pub async fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(Some(frame));
            }
            self.decoder.buffer.reserve(READ_AT_ONCE);
            if self.reader.read_buf(&mut self.decoder.buffer).await? == 0 {
                return if self.decoder.is_empty() { Ok(None) } else { Err(FrameError::Cut) };
            }
        }
    }
}

/// Reads one frame and not a byte more, where what follows is not a frame.
pub async fn read_only_frame(reader: &mut (impl AsyncRead + Unpin)) -> Result<Frame, FrameError> {
    let (header, body) = (reader.read_u32().await? as usize, reader.read_u32().await? as usize);
    check(header, body)?;
    let mut frame = Frame { header: vec![0; header], body: vec![0; body] };
    reader.read_exact(&mut frame.header).await?;
    reader.read_exact(&mut frame.body).await?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames() -> impl Strategy<Value = Vec<Frame>> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..300);
        prop::collection::vec((bytes(), bytes()).prop_map(|(header, body)| Frame { header, body }), 0..6)
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_they_are_cut(sent in frames(), cuts in prop::collection::vec(1usize..70, 1..40)) {
            let bytes: Vec<u8> = sent.iter().flat_map(Frame::encode).collect();
            let (mut decoder, mut got, mut rest, mut cut) = (Decoder::default(), Vec::new(), &bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(*cut.next().unwrap()));
                decoder.push(now);
                rest = later;
                while let Some(frame) = decoder.next_frame().unwrap() {
                    got.push(frame);
                }
            }
            prop_assert!(decoder.is_empty());
            prop_assert_eq!(got, sent);
        }

        #[test]
        fn no_bytes_make_the_decoder_panic_or_hold_more_than_a_frame(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(frame)) = decoder.next_frame() {
                prop_assert!(frame.header.len() + frame.body.len() + LENGTHS <= bytes.len());
            }
        }

        #[test]
        fn a_length_beyond_the_bound_is_refused_before_its_bytes_arrive(header in any::<u32>(), body in any::<u32>()) {
            let mut decoder = Decoder::default();
            decoder.push(&header.to_be_bytes());
            decoder.push(&body.to_be_bytes());
            let within = header as usize <= MAX_HEADER && body as usize <= MAX_BODY;
            prop_assert_eq!(decoder.next_frame().is_ok(), within);
        }
    }

    #[test]
    fn a_connection_that_ends_within_a_frame_is_an_error() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = Frame { header: b"{}".to_vec(), body: b"body".to_vec() }.encode();
        let mut reader = FrameReader::new(&bytes[..bytes.len() - 1]);
        assert!(matches!(runtime.block_on(reader.next_frame()), Err(FrameError::Cut)));
        let mut reader = FrameReader::new(&bytes[..]);
        assert_eq!(runtime.block_on(reader.next_frame()).unwrap().unwrap().body, b"body");
        assert!(runtime.block_on(reader.next_frame()).unwrap().is_none());
    }
}
