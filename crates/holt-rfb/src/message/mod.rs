//! What is said after the handshake, in both directions.
//!
//! Messages borrow their bytes; what a length field may claim is bounded in `bounds`.

mod client;
mod clipboard;
mod scan;
mod server;
mod tiles;
mod walk;

pub use client::{Class, ClientMessage, ClientMessages, EncodingList, Key, Pointer};
pub use clipboard::{Action, Clipboard, CutText, Provided, pack};
pub use scan::{Part, Rectangle, ServerPart, ServerParts};
pub use server::ServerMessage;

use crate::wire::{Put, u32_at};
use crate::{Error, Rect, bounds};

/// A question that is answered when everything before it has been dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence<'a> {
    /// What it asks for; see the constants.
    pub flags: u32,
    /// Returned as it came.
    pub payload: &'a [u8],
}

impl Fence<'_> {
    /// Everything before it is done first.
    pub const BLOCK_BEFORE: u32 = 1;
    /// Nothing after it begins earlier.
    pub const BLOCK_AFTER: u32 = 1 << 1;
    /// It is a question and not an answer.
    pub const REQUEST: u32 = 1 << 31;

    const TYPE: u8 = 248;
    const HEADER: usize = 9;

    fn length(head: &[u8]) -> Result<usize, Error> {
        let payload = Error::bound("a fence", usize::from(head.get(8).copied().unwrap_or(0)), bounds::FENCE)?;
        Ok(Self::HEADER + payload)
    }

    fn read(unit: &[u8]) -> Fence<'_> {
        Fence { flags: u32_at(unit, 4), payload: unit.get(Self::HEADER..).unwrap_or_default() }
    }

    /// Writes it; the same in both directions.
    pub fn write(&self, out: &mut Vec<u8>) {
        let payload = &self.payload[..self.payload.len().min(bounds::FENCE)];
        out.put(&[Self::TYPE, 0, 0, 0]).put_u32(self.flags).put(&[u8::try_from(payload.len()).unwrap_or(0)]).put(payload);
    }
}

/// One monitor of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Monitor {
    /// Chosen by whoever made it.
    pub id: u32,
    /// Its part of the screen.
    pub area: Rect,
    /// Nothing yet.
    pub flags: u32,
}

impl Monitor {
    pub(crate) const LENGTH: usize = 16;

    pub(crate) fn list(bytes: &[u8]) -> Vec<Self> {
        let read = |one: &[u8]| Self { id: u32_at(one, 0), area: Rect::read(&one[4..]), flags: u32_at(one, 12) };
        bytes.chunks_exact(Self::LENGTH).map(read).collect()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put_u32(self.id);
        self.area.write(out);
        out.put_u32(self.flags);
    }
}
