//! What can be wrong with what the other side sent.

use crate::bounds;

/// Why a connection cannot go on. The stream is no longer understood, so it has to be closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not speak RFB at all.
    #[error("the other side does not speak RFB: it began with {0:?} and not with a protocol version")]
    Version(String),
    /// The viewer chose a security type that was not offered, or the server offers none that we speak.
    #[error("there is no common way to authenticate: {0}")]
    Security(String),
    /// The password was wrong.
    #[error("the password is wrong; the connection is refused")]
    Password,
    /// The server refused us, in its own words.
    #[error("the desktop's server refused the connection: {0}")]
    Refused(String),
    /// A message type that does not exist or that we do not take.
    #[error("message type {0} is unknown or refused here")]
    Message(u8),
    /// A rectangle in an encoding that nobody asked for.
    #[error("a rectangle came in encoding {0}, which was not asked for")]
    Encoding(i32),
    /// A length beyond its bound.
    #[error("{what} of {size} is more than the {limit} that are taken")]
    TooLarge {
        /// What it is that is too large.
        what: &'static str,
        /// As the other side claimed.
        size: u64,
        /// What we take.
        limit: u64,
    },
    /// A rectangle that is not within the screen.
    #[error("a rectangle of {width}x{height} at {x},{y} lies outside the screen")]
    Outside {
        /// Its left side.
        x: u16,
        /// Its upper side.
        y: u16,
        /// Its width.
        width: u16,
        /// Its height.
        height: u16,
    },
    /// A pixel format that makes no sense or is not supported.
    #[error("the pixel format is not supported: {0}")]
    PixelFormat(&'static str),
    /// A value that contradicts the protocol.
    #[error("the stream contradicts the protocol: {0}")]
    Malformed(&'static str),
    /// The viewer asks and asks and reads no answers.
    #[error("the viewer does not read its answers; more than {} bytes of them wait", bounds::UNREAD)]
    Flood,
}

impl Error {
    /// A stable word for logs and for the page.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Version(_) => "rfb_version",
            Self::Security(_) => "rfb_security",
            Self::Password => "rfb_password",
            Self::Refused(_) => "rfb_refused",
            Self::Message(_) => "rfb_message",
            Self::Encoding(_) => "rfb_encoding",
            Self::TooLarge { .. } => "rfb_too_large",
            Self::Outside { .. } => "rfb_outside",
            Self::PixelFormat(_) => "rfb_pixel_format",
            Self::Malformed(_) => "rfb_malformed",
            Self::Flood => "rfb_flood",
        }
    }

    /// `Ok` with the size when it is within the limit.
    pub(crate) fn bound(what: &'static str, size: usize, limit: usize) -> Result<usize, Self> {
        if size <= limit { Ok(size) } else { Err(Self::TooLarge { what, size: size as u64, limit: limit as u64 }) }
    }
}
