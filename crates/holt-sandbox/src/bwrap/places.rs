//! Where the driver's files are. Everything is below the data directory, which nobody else may enter; what a sandbox can
//! write is only reached beneath `sessions/<id>/workspace` and `home`, and never by this module.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use holt_core::id::SessionId;
use holt_core::sandbox::SandboxError;
use holt_keeper::spec::Identity;

use super::problem::storage;
use crate::workspace::give_away;

const PRIVATE: u32 = 0o700;
/// What a session's directory has: what the agent works on, and its user's home, which is made last.
const WORKSPACE: &str = "workspace";
const HOME: &str = "home";
/// What its browser has: what it downloads, and a profile.
const DOWNLOADS: &str = "downloads";
const CERTIFICATES: &str = "certificates";
const BROWSER: &str = "browser";
/// How the directories of prepared sandboxes begin.
const PREPARED: &str = "prepared-";
/// How the names of sockets end.
pub const SOCKET: &str = ".sock";
/// What stands before it in the name of a desktop's.
pub const DESKTOP: &str = "-desktop";

/// The directories below the data directory.
#[derive(Debug, Clone)]
pub struct Places {
    data: PathBuf,
}

impl Places {
    /// Makes what is missing.
    pub fn open(data: &Path) -> Result<Self, SandboxError> {
        private_directory(data).map_err(|error| storage("make", data, &error))?;
        let data = data.canonicalize().map_err(|error| storage("find", data, &error))?;
        let places = Self { data };
        for directory in [places.sessions(), places.keepers(), places.sockets(), places.etc()] {
            private_directory(&directory).map_err(|error| storage("make", &directory, &error))?;
        }
        Ok(places)
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn sessions(&self) -> PathBuf {
        self.data.join("sessions")
    }

    pub fn keepers(&self) -> PathBuf {
        self.data.join("keepers")
    }

    pub fn sockets(&self) -> PathBuf {
        self.data.join("run")
    }

    pub fn etc(&self) -> PathBuf {
        self.data.join("etc")
    }

    pub fn session(&self, session: SessionId) -> Session {
        Session { directory: self.sessions().join(session.to_string()) }
    }

    /// The directories of a sandbox that no session has yet.
    pub fn prepared(&self, session: SessionId) -> Session {
        Session { directory: self.sessions().join(format!("{PREPARED}{session}")) }
    }

    /// Removes the directories of all prepared sandboxes.
    pub fn remove_prepared(&self) {
        for entry in fs::read_dir(self.sessions()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(PREPARED) {
                let _ = Session { directory: entry.path() }.remove();
            }
        }
    }

    /// Removes the sockets of all keepers but these.
    pub fn remove_sockets_but(&self, keepers: &HashSet<String>) {
        for entry in fs::read_dir(self.sockets()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let keeper = name.to_str().and_then(|name| name.strip_suffix(SOCKET)).unwrap_or_default();
            let keeper = keeper.strip_suffix(DESKTOP).unwrap_or(keeper);
            if !keepers.contains(keeper) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// One session's directories.
#[derive(Debug, Clone)]
pub struct Session {
    directory: PathBuf,
}

impl Session {
    pub fn workspace(&self) -> PathBuf {
        self.directory.join(WORKSPACE)
    }

    pub fn home(&self) -> PathBuf {
        self.directory.join(HOME)
    }

    /// Where what is trusted inside is written: beside what is bound, not in it.
    pub fn certificates(&self) -> PathBuf {
        self.directory.join(CERTIFICATES)
    }

    pub fn downloads(&self) -> PathBuf {
        self.directory.join(DOWNLOADS)
    }

    pub fn browser_profile(&self) -> PathBuf {
        self.directory.join(BROWSER)
    }

    /// Whose the directories are, when they are there. They can only have been given away by root.
    pub fn owner(&self) -> Option<u32> {
        fs::symlink_metadata(self.home()).ok().map(|home| home.uid())
    }

    /// Makes what is missing, and gives it to its user.
    pub fn make(&self, owner: Option<Identity>) -> io::Result<()> {
        private_directory(&self.directory)?;
        for directory in [self.workspace(), self.downloads(), self.browser_profile(), self.home()] {
            match DirBuilder::new().mode(PRIVATE).create(&directory) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                // Also one that is there: it may have been made by somebody who cannot give.
                Ok(()) | Err(_) => give(&directory, owner)?,
            }
        }
        Ok(())
    }

    /// Gives the workspace away with everything that was put into it before there was a sandbox, if anything was.
    pub fn give_received(&self, uid: u32, gid: u32) -> io::Result<()> {
        match give_away(&self.workspace(), uid, gid) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            given => given,
        }
    }

    /// Removes the directories if nothing is in them; says whether nothing is there now.
    pub fn remove_if_empty(&self) -> bool {
        let all = [self.workspace(), self.downloads(), self.browser_profile(), self.home(), self.directory.clone()];
        all.iter().all(|directory| match fs::remove_dir(directory) {
            Ok(()) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        })
    }

    /// Moves everything to where another session's directories are to be.
    pub fn rename(&self, to: &Self) -> io::Result<()> {
        fs::rename(&self.directory, &to.directory)
    }

    /// Removes everything. Links inside are removed, not followed.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // The agent may have left directories without the right to enter them.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => remove_stubborn(&self.directory),
            removed => removed,
        }
    }
}

/// As an ordinary user: gives itself back the right to enter each directory, then removes.
pub fn remove_stubborn(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::set_permissions(entry.path(), Permissions::from_mode(PRIVATE))?;
            remove_stubborn(&entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(directory)
}

fn private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(PRIVATE).recursive(true).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(PRIVATE))
}

fn give(path: &Path, owner: Option<Identity>) -> io::Result<()> {
    owner.map_or(Ok(()), |Identity { uid, gid }| chown(path, Some(uid), Some(gid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_s_directories_are_private_and_removed_whole() {
        let data = tempfile::tempdir().unwrap();
        let places = Places::open(&data.path().join("deep/data")).unwrap();
        let session = places.session("01920000-0000-7000-8000-000000000001".parse().unwrap());
        session.make(None).unwrap();
        session.make(None).unwrap();
        for directory in [places.data().to_owned(), session.workspace(), session.home(), places.sockets()] {
            assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, PRIVATE, "{}", directory.display());
        }
        let outside = data.path().join("outside");
        fs::write(&outside, "kept").unwrap();
        fs::create_dir_all(session.workspace().join("a/b")).unwrap();
        std::os::unix::fs::symlink(&outside, session.workspace().join("a/link")).unwrap();
        fs::set_permissions(session.workspace().join("a"), Permissions::from_mode(0o000)).unwrap();
        session.remove().unwrap();
        session.remove().unwrap();
        assert!(!session.directory.exists());
        assert_eq!(fs::read_to_string(outside).unwrap(), "kept");
    }
}
