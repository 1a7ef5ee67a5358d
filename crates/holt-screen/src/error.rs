//! What can go wrong, in words for whoever asked.

use x11rb::errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError};

use crate::{Point, Size};

#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// There is nobody to talk to; another screen may be there in a moment.
    #[error("there is no screen: {0}")]
    NoScreen(#[from] ConnectError),
    /// The conversation is over: the X server has gone.
    #[error("the screen is gone: {0}")]
    Gone(#[from] ConnectionError),
    #[error("the screen does not work as it has to: {0}")]
    Unsuitable(&'static str),
    #[error("({}, {}) is not on the screen, which is {} x {}", .point.x, .point.y, .size.width, .size.height)]
    OffScreen { point: Point, size: Size },
    #[error("`{0}` is not a key. Keys are named like `Return`, `Escape`, `ctrl+c`, `alt+Tab`, `F5` or by their character")]
    UnknownKey(String),
    #[error("there is no window {0:#x}; list the windows again")]
    NoWindow(u32),
    #[error("no window manager runs, which is what this takes")]
    NoManager,
    #[error("the X server refused: {0}")]
    Refused(String),
    #[error("the picture could not be made: {0}")]
    Picture(String),
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl ScreenError {
    /// Whether a new connection may help.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_) | Self::NoScreen(_))
    }
}

impl From<ReplyError> for ScreenError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::ConnectionError(error) => Self::Gone(error),
            ReplyError::X11Error(error) => {
                Self::Refused(format!("{:?} for {}", error.error_kind, error.request_name.unwrap_or("a request")))
            }
        }
    }
}

impl From<ReplyOrIdError> for ScreenError {
    fn from(error: ReplyOrIdError) -> Self {
        match error {
            ReplyOrIdError::ConnectionError(error) => Self::Gone(error),
            ReplyOrIdError::X11Error(error) => ReplyError::X11Error(error).into(),
            ReplyOrIdError::IdsExhausted => Self::Unsuitable("it has no more numbers for this client"),
        }
    }
}

impl From<rustix::io::Errno> for ScreenError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::System(error.into())
    }
}
