//! Reaching a session's files from outside its sandbox.
//!
//! Whatever stands in a workspace was perhaps put there by something hostile, and may change while it is looked at. Every
//! access therefore goes through `Root`: names are checked first, then the kernel resolves them beneath the open top
//! directory without following any link, and what was opened is used through its descriptor and never by name again.
//! Nothing but regular files is ever opened. New files come into being without a name and get theirs when they are whole.

mod archive;
mod directory;
mod files;
mod incoming;
pub(crate) mod nameless;
mod ownership;
mod path;
mod removal;
mod root;

use std::io;
use std::path::{Path, PathBuf};

use holt_core::id::SessionId;
use holt_core::session::WorkspaceSpec;
use holt_core::workspace::{FileError, Files, Workspaces};
use rustix::io::Errno;

pub use archive::{ArchiveLimits, write_archive, write_zip};
pub use directory::refusal;
use files::WorkspaceFiles;
pub use ownership::give_away;
pub(crate) use root::open_beneath;

/// The workspaces of all sessions: below the data directory, or where the user has them.
#[derive(Debug, Clone)]
pub struct SessionWorkspaces {
    data: PathBuf,
    home: Option<PathBuf>,
}

impl SessionWorkspaces {
    pub fn new(data_dir: &Path) -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        Self { data: data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned()), home }
    }

    fn managed(&self, session: SessionId) -> PathBuf {
        self.data.join("sessions").join(session.to_string()).join("workspace")
    }
}

impl Workspaces for SessionWorkspaces {
    /// A session that has never worked has no directory yet: it is made by the first change.
    fn files(&self, session: SessionId, spec: &WorkspaceSpec) -> Result<Box<dyn Files>, FileError> {
        let files = match spec {
            WorkspaceSpec::Managed => WorkspaceFiles::managed(self.managed(session)),
            WorkspaceSpec::Directory { path } => {
                let real = self.check_directory(Path::new(path))?;
                // What was checked when the session was made may have been replaced since.
                if real != *path {
                    return Err(FileError::NotFound(path.clone()));
                }
                WorkspaceFiles::project(PathBuf::from(real))
            }
        };
        Ok(Box::new(files))
    }

    fn check_directory(&self, path: &Path) -> Result<String, FileError> {
        directory::check(path, &self.data, self.home.as_deref())
    }
}

/// What the system said, in the words of the port.
fn said(error: impl Into<io::Error>, path: &str) -> FileError {
    let (error, path) = (error.into(), path.to_owned());
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT) => FileError::NotFound(path),
        Some(Errno::NOTDIR) => FileError::NotADirectory(path),
        Some(Errno::ISDIR) => FileError::NotAFile(path),
        Some(Errno::EXIST) => FileError::Exists(path),
        Some(Errno::NOSPC | Errno::DQUOT) => FileError::NoSpace,
        // A link where none may be, a way out of the directory, or a name that this file system does not take.
        Some(Errno::LOOP | Errno::XDEV | Errno::NAMETOOLONG | Errno::ILSEQ) => FileError::BadPath(path),
        _ => FileError::Io(error),
    }
}
