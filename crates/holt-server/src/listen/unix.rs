//! The private socket: programs of the same user on the same machine talk to the server here, without a key.
//!
//! It appears under its name only once nobody else can open it, replaces what an earlier server left, and never what a
//! server that still lives listens on. The path may be longer than what the system allows for sockets.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use tokio::net::UnixListener;

/// Why the private socket cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("`{0}` is not a path where a socket can be")]
    BadPath(PathBuf),
    #[error("another server listens on `{0}`")]
    InUse(PathBuf),
    #[error("`{0}` is there and is not a socket")]
    Occupied(PathBuf),
    #[error("the socket `{path}` cannot be made: {error}")]
    Io { path: PathBuf, error: io::Error },
}

#[derive(Debug)]
pub(crate) struct PrivateSocket {
    pub listener: UnixListener,
    directory: OwnedFd,
    name: OsString,
    /// What was made, to remove it and nothing else in the end.
    inode: u64,
}

impl PrivateSocket {
    pub fn bind(path: &Path) -> Result<Self, SocketError> {
        let bad = || SocketError::BadPath(path.to_owned());
        let (parent, name) = (path.parent().ok_or_else(bad)?, path.file_name().ok_or_else(bad)?);
        let io = |error: io::Error| SocketError::Io { path: path.to_owned(), error };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(parent, flags, Mode::empty()).map_err(|error| io(error.into()))?;
        check_free(&directory, name.as_ref(), path)?;
        let draft = format!(".{}.{}", name.to_string_lossy(), std::process::id());
        Self::make(directory, &draft, name.into()).map_err(io)
    }

    fn make(directory: OwnedFd, draft: &str, name: OsString) -> io::Result<Self> {
        let _ = rustix::fs::unlinkat(&directory, draft, AtFlags::empty());
        let listener = UnixListener::bind(beneath(&directory, draft.as_ref()))?;
        let finish = || {
            rustix::fs::chmodat(&directory, draft, Mode::RUSR | Mode::WUSR, AtFlags::empty())?;
            rustix::fs::renameat(&directory, draft, &directory, name.as_os_str())?;
            rustix::fs::statat(&directory, name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW)
        };
        let made = finish().inspect_err(|_| {
            let _ = rustix::fs::unlinkat(&directory, draft, AtFlags::empty());
        })?;
        Ok(Self { listener, directory, name, inode: made.st_ino })
    }
}

impl Drop for PrivateSocket {
    fn drop(&mut self) {
        let name = self.name.as_os_str();
        let there = rustix::fs::statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW);
        if there.is_ok_and(|there| there.st_ino == self.inode) {
            let _ = rustix::fs::unlinkat(&self.directory, name, AtFlags::empty());
        }
    }
}

fn check_free(directory: &OwnedFd, name: &Path, path: &Path) -> Result<(), SocketError> {
    let Ok(there) = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) else { return Ok(()) };
    if rustix::fs::FileType::from_raw_mode(there.st_mode) != rustix::fs::FileType::Socket {
        return Err(SocketError::Occupied(path.to_owned()));
    }
    match UnixStream::connect(beneath(directory, name)) {
        Ok(_) => Err(SocketError::InUse(path.to_owned())),
        Err(_) => Ok(()),
    }
}

/// A short path to a name in an open directory.
fn beneath(directory: &OwnedFd, name: &Path) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[tokio::test]
    async fn a_socket_is_private_replaces_a_dead_one_and_goes_with_its_server() {
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("x".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        let path = deep.join("holt.sock");
        let first = PrivateSocket::bind(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert!(matches!(PrivateSocket::bind(&path), Err(SocketError::InUse(_))));
        drop(first);
        assert!(!path.exists());
        drop(std::os::unix::net::UnixListener::bind(directory.path().join("dead.sock")).unwrap());
        let second = PrivateSocket::bind(&directory.path().join("dead.sock")).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
        drop(second);
        std::fs::write(&path, "mine").unwrap();
        assert!(matches!(PrivateSocket::bind(&path), Err(SocketError::Occupied(_))));
    }
}
