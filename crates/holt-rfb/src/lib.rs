//! The protocol of remote desktops (RFB), as spoken by TigerVNC's `Xvnc`, noVNC and native viewers.
//!
//! Pure: no sockets, no clock, no randomness. Bytes are fed in as they come, cut anywhere; what is to be sent comes out. Every
//! length that the other side chooses is bounded (`bounds`), so neither a desktop nor a viewer can make Holt's memory grow.
//!
//! One desktop, many viewers:
//!
//! ```text
//!  Xvnc ── ClientHandshake ── Upstream ──▶ Screen ──▶ Viewer ── ServerHandshake ── noVNC
//!                                ▲                 ──▶ Viewer ── ServerHandshake ── vncviewer
//!                                └── act, release ◀──── Heard::Act, if permitted
//! ```
//!
//! - `Upstream` copies the desktop into a `Screen`, asking for each update only while somebody looks.
//! - `Viewer` answers what a viewer says and makes its updates. What was encoded for one is used for all that read the same,
//!   and a viewer never gets what was overwritten before it could look, so nothing is queued.
//! - What a viewer may do is a `Permit`, given with every message; without it, input ends here.
//! - `ServerParts` and `ClientMessages` take any stream apart, for a relay that passes it on as it is, or to count it.

pub mod bounds;
pub mod encoding;
mod error;
mod geometry;
pub mod handshake;
pub mod message;
mod pixel;
mod screen;
mod upstream;
mod viewer;
mod wire;

pub use error::Error;
pub use geometry::{Rect, Size};
pub use pixel::PixelFormat;
pub use screen::{Picture, Screen};
pub use upstream::{News, Upstream};
pub use viewer::{Heard, Permit, Update, Viewer};
