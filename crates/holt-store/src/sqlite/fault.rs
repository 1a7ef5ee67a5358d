//! What can go wrong below, sorted by what it means above.

use std::io;

use holt_core::store::StoreError;
use rusqlite::ErrorCode;

/// Why an operation on the database failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The disk is full.
    Full,
    /// What stands there is not what was written.
    Damaged(String),
    /// Reading or writing the files failed: the connection is not to be trusted further.
    Io(String),
    Other(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match error {
            E::SqliteFailure(cause, _) => match cause.code {
                ErrorCode::DiskFull => Self::Full,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged(format!("the database file: {error}")),
                ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly => Self::Io(error.to_string()),
                _ => Self::Other(error.to_string()),
            },
            E::FromSqlConversionFailure(..) | E::IntegralValueOutOfRange(..) | E::Utf8Error(..) | E::InvalidColumnType(..) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull { Self::Full } else { Self::Io(error.to_string()) }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Full => Self::Full,
            Fault::Damaged(what) => Self::Damaged(what),
            Fault::Io(why) | Fault::Other(why) => Self::Unavailable(why),
        }
    }
}

pub(super) type Outcome<T> = Result<T, Fault>;
