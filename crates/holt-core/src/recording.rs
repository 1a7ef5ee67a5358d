//! The port to recordings of desktops: segments that can each be shown from their beginning, the newest within a bound.
//!
//! A segment is a head and then pieces, each with the time at which it came:
//!
//! ```text
//! segment  "HOLTREC1"  start: i64 (Unix milliseconds)  piece*
//! piece    length: u32 (of the bytes)  sum: u32 (CRC-32C of after and bytes)  after: u32 (milliseconds after the start)  bytes
//! ```
//!
//! Numbers are big-endian. The first piece is what a viewer is told first (`ServerInit` of RFB), the second the whole
//! picture, the others what changed. A tail that is not whole is none: whoever wrote it died.

use crate::id::SessionId;
use crate::time::Timestamp;
use crate::workspace::{FileError, OpenFile};

pub const MAGIC: [u8; 8] = *b"HOLTREC1";
/// Bytes before the first piece.
pub const HEAD_BYTES: u64 = 16;
/// Bytes before those of each piece.
pub const PIECE_HEAD_BYTES: usize = 12;

/// A segment, as it is known without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Counted from one, so that it shows when the oldest are gone.
    pub number: u64,
    pub from: Timestamp,
    /// When the last piece came.
    pub to: Timestamp,
    pub bytes: u64,
}

/// A segment that is being written. Dropped without its end, it is as if whoever wrote it had died.
pub trait SegmentWriter: Send {
    /// Appends what came so long after the segment's start.
    fn write(&mut self, after_millis: u32, bytes: &[u8]) -> Result<(), FileError>;

    /// How many bytes it has.
    fn size(&self) -> u64;

    /// Makes it durable. It is not written to any more.
    fn finish(self: Box<Self>) -> Result<(), FileError>;
}

/// The recordings of all sessions.
pub trait Recordings: Send + Sync {
    /// Begins a segment after those that there are.
    fn begin(&self, session: SessionId, at: Timestamp) -> Result<Box<dyn SegmentWriter>, FileError>;

    /// The segments that there are, oldest first. One that is being written, or was when its writer died, is as long as what is whole.
    fn list(&self, session: SessionId) -> Result<Vec<Segment>, FileError>;

    /// A segment's bytes, as far as they are whole.
    fn open(&self, session: SessionId, number: u64) -> Result<OpenFile, FileError>;

    /// Removes the oldest segments until all together have no more than `limit` bytes, and says how many it removed.
    fn trim(&self, session: SessionId, limit: u64) -> Result<u64, FileError>;
}
