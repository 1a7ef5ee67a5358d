//! How things end.

use holt_rfb::Error;

/// Why a desktop could not be taken up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the desktop did not answer in time")]
    TimedOut,
    #[error("the desktop closed the connection")]
    Closed,
    #[error("the desktop does not speak as it should: {0}")]
    Protocol(#[from] Error),
    #[error("the desktop cannot be reached: {0}")]
    System(#[from] std::io::Error),
}

/// How serving a viewer came to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    #[error("it left")]
    Left,
    #[error("the desktop is gone")]
    DesktopGone,
    #[error("it did not introduce itself in time")]
    TimedOut,
    #[error("{0}")]
    Protocol(#[from] Error),
}
