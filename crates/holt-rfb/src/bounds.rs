//! Every length that the other side may choose, and how far we let it go.
//!
//! What is longer is an error, never an allocation.

/// The longest side of a screen, in pixels.
pub const SIDE: u16 = 8192;
/// The largest screen, in pixels: four bytes for each are kept.
pub const PIXELS: usize = 16 * 1024 * 1024;
/// The longest side of a mouse pointer's picture.
pub const CURSOR_SIDE: u16 = 512;
/// The most encodings that a viewer may list.
pub const ENCODINGS: usize = 512;
/// The most bytes of a clipboard, on the wire and unpacked.
pub const CLIPBOARD: usize = 1024 * 1024;
/// The most bytes of a desktop's name or of a reason for a refusal.
pub const TEXT: usize = 4096;
/// The most bytes that a fence may carry; the protocol's own limit.
pub const FENCE: usize = 64;
/// The most monitors of one screen.
pub const MONITORS: usize = 16;
/// The most bytes of answers that wait for a viewer which does not read them.
pub const REPLIES: usize = 64 * 1024 + 2 * CLIPBOARD;
/// Answers that wait: at this many bytes a viewer's further questions are an error.
pub const UNREAD: usize = 64 * 1024;
/// The longest piece in which a rectangle's opaque content is handed out.
pub const PIECE: usize = 64 * 1024;
