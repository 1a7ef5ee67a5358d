//! Why a store cannot be opened, and what to do about it.

use std::path::{Path, PathBuf};

use super::connect::SchemaError;
use super::fault::Fault;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the database {} is damaged: {what}", path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("the database {} has version {found}; this version of Holt knows versions up to {known}", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("the file {} is a database of some other program", path.display())]
    Foreign { path: PathBuf },
    #[error("there is no space left to open the database {}", path.display())]
    Full { path: PathBuf },
    #[error("the database {} cannot be opened: {why}", path.display())]
    Io { path: PathBuf, why: String },
}

impl OpenError {
    pub(super) fn new(path: &Path, error: SchemaError) -> Self {
        let path = path.to_owned();
        match error {
            SchemaError::Foreign => Self::Foreign { path },
            SchemaError::Newer { found, known } => Self::Newer { path, found, known },
            SchemaError::Fault(Fault::Damaged(what)) => Self::Damaged { path, what },
            SchemaError::Fault(Fault::Full) => Self::Full { path },
            SchemaError::Fault(Fault::Io(why) | Fault::Other(why)) => Self::Io { path, why },
        }
    }

    /// A full disk shows in several ways.
    pub(super) fn wants_space(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Io { .. })
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "store_damaged",
            Self::Newer { .. } => "store_newer",
            Self::Foreign { .. } => "store_not_ours",
            Self::Full { .. } => "disk_full",
            Self::Io { .. } => "store_not_opened",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Damaged { path, .. } => {
                format!("Restore {} from a backup; or move it away, and Holt starts with an empty one.", path.display())
            }
            Self::Newer { .. } => "Use the newer version of Holt that wrote it, or another data directory.".into(),
            Self::Foreign { path } => format!("Move {} away, or name another data directory.", path.display()),
            Self::Full { .. } => "Free space on that disk; nothing was lost.".into(),
            Self::Io { .. } => "Check the permissions of the data directory and the health of its disk.".into(),
        }
    }
}
