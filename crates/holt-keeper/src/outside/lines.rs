//! Lines of what comes from inside, none longer than a bound.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The most bytes of a line from the toolbox.
pub const MAX_LINE: usize = 8 * 1024 * 1024;
pub const READ_AT_ONCE: usize = 16 * 1024;

/// Lines of bytes, none longer than the bound: a longer one ends the conversation.
pub struct Lines<R> {
    read: R,
    buffer: Vec<u8>,
    searched: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub fn new(read: R) -> Self {
        Self { read, buffer: Vec::new(), searched: 0 }
    }

    pub async fn next_line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(self.searched + at + 1);
                self.searched = 0;
                return Some(std::mem::replace(&mut self.buffer, rest));
            }
            self.searched = self.buffer.len();
            if self.searched > MAX_LINE {
                return None;
            }
            self.buffer.reserve(READ_AT_ONCE);
            if self.read.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
        }
    }
}
