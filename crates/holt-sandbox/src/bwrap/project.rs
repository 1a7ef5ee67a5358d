//! A directory of the user's as a workspace: whether it may be one, and what in it the agent must not change.
//!
//! Files that programs outside would trust or run (`.git/hooks`, `.vscode`, `.envrc` and their like) are read-only to the
//! agent where they exist. Sockets, pipes and devices that lie in the directory are covered. What is not there yet when the
//! sandbox opens cannot be covered without leaving something on the user's disk: see [`Project::warnings`].

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use holt_core::sandbox::SandboxError;
use holt_keeper::spec::{Bind, Source};

use super::problem::cannot_open;
use crate::workspace::refusal;

/// Read-only where it exists.
const PROTECTED: &[&str] = &[
    ".git/config",
    ".git/config.worktree",
    ".git/hooks",
    ".git/info",
    ".vscode",
    ".idea",
    ".claude",
    ".cursor",
    ".codex",
    ".gemini",
    ".mcp.json",
    ".envrc",
];
/// How many entries are looked at for sockets and the like.
const MOST_ENTRIES: usize = 1_000_000;
/// How many of those are covered.
const MOST_SPECIALS: usize = 64;

/// A directory that may be worked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub path: PathBuf,
    pub owner: (u32, u32),
    protected: Vec<PathBuf>,
    /// `.git` is bound upon itself, so that it cannot be moved away from under what is read-only in it.
    pinned: Vec<PathBuf>,
    specials: Vec<PathBuf>,
    pub warnings: Vec<String>,
}

impl Project {
    /// Looks at the directory. `data` is Holt's own, `home` that of the user who runs it.
    pub fn examine(path: &str, data: &Path, home: Option<&Path>) -> Result<Self, SandboxError> {
        let path = Path::new(path);
        let found = usable(path, data, home)?;
        let mut project = Self {
            path: path.to_owned(),
            owner: (found.uid(), found.gid()),
            protected: Vec::new(),
            pinned: Vec::new(),
            specials: Vec::new(),
            warnings: Vec::new(),
        };
        project.find_protected();
        project.find_specials();
        if project.specials.len() > MOST_SPECIALS {
            let message = format!("{} holds more than {MOST_SPECIALS} sockets, pipes and devices.", path.display());
            return Err(cannot_open("project_specials", message, "Choose a directory of one project, or remove them."));
        }
        Ok(project)
    }

    fn find_protected(&mut self) {
        if is_plain(&self.path.join(".git")).is_some_and(|is_directory| is_directory) {
            self.pinned.push(self.path.join(".git"));
        } else {
            // A work tree's `.git` is a file that names another place; what it says must stay.
            self.protected.extend(is_plain(&self.path.join(".git")).map(|_| self.path.join(".git")));
        }
        for name in PROTECTED {
            let path = self.path.join(name);
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_symlink() => {
                    self.warnings.push(format!("{name} is a symbolic link and is not protected from the agent."));
                }
                Ok(_) if is_plain(&path).is_some() => self.protected.push(path),
                _ => {}
            }
        }
    }

    fn find_specials(&mut self) {
        let (mut open, mut seen) = (vec![self.path.clone()], 0);
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                seen += 1;
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    open.push(entry.path());
                } else if kind.is_socket() || kind.is_fifo() || kind.is_char_device() || kind.is_block_device() {
                    self.specials.push(entry.path());
                }
            }
            if self.specials.len() > MOST_SPECIALS {
                return;
            }
            if seen > MOST_ENTRIES {
                self.warnings.push("The directory is too large to be searched whole for sockets and devices.".into());
                return;
            }
        }
    }

    /// The binds that make up the workspace, outer before inner.
    pub fn binds(&self) -> Vec<Bind> {
        let (uid, gid) = self.owner;
        let own = |path: &PathBuf, writable| Bind {
            source: path.clone(),
            at: path.clone(),
            writable,
            source_kind: Source::Owned { uid, gid },
        };
        let cover = |path: &PathBuf| Bind {
            source: PathBuf::from("/dev/null"),
            at: path.clone(),
            writable: false,
            source_kind: Source::Public,
        };
        let mut binds = vec![own(&self.path, true)];
        binds.extend(self.pinned.iter().map(|path| own(path, true)));
        binds.extend(self.protected.iter().map(|path| own(path, false)));
        binds.extend(self.specials.iter().map(cover));
        binds
    }
}

/// Whether it is a directory, for what is a directory or a regular file.
fn is_plain(path: &Path) -> Option<bool> {
    let found = fs::symlink_metadata(path).ok()?;
    (found.is_dir() || found.is_file()).then_some(found.is_dir())
}

fn usable(path: &Path, data: &Path, home: Option<&Path>) -> Result<fs::Metadata, SandboxError> {
    let shown = path.display();
    let refuse = |code: &str, message: String, hint: &str| Err(cannot_open(code, message, hint));
    let plain = path.is_absolute() && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if !plain {
        return refuse("project_path", format!("`{shown}` is not an absolute path without `..`."), "Give the whole path.");
    }
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(error) => {
            return refuse(
                "project_not_found",
                format!("The directory {shown} cannot be used: {}.", reason(&error)),
                "Make it first, or name another.",
            );
        }
    };
    if real != path {
        let hint = format!("Use the real path, {}.", real.display());
        return refuse("project_link", format!("{shown} leads through a symbolic link."), &hint);
    }
    if let Some(why) = refusal(path, data, home) {
        let message = format!("An agent may not work in {shown}: {why}.");
        return refuse("project_refused", message, "Choose a directory of one project.");
    }
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(found),
        _ => refuse("project_not_found", format!("{shown} is not a directory."), "Name a directory."),
    }
}

/// Why a path leads nowhere, without the system's numbers.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".into(),
        io::ErrorKind::NotADirectory => "a part of its path is not a directory".into(),
        io::ErrorKind::PermissionDenied => "Holt may not look at it".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    fn code(path: &Path, data: &Path) -> String {
        match Project::examine(path.to_str().unwrap(), data, Some(Path::new("/home/somebody"))) {
            Err(SandboxError::CannotOpen { code, .. }) => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn places_that_are_not_a_project_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap();
        symlink(&real, real.join("link")).unwrap();
        fs::write(real.join("file"), "").unwrap();
        let data = real.join("data");
        fs::create_dir_all(data.join("sessions")).unwrap();
        for (path, expected) in [
            (PathBuf::from("relative"), "project_path"),
            (PathBuf::from("/tmp/../etc"), "project_path"),
            (PathBuf::from("/"), "project_refused"),
            (PathBuf::from("/home"), "project_refused"),
            (PathBuf::from("/usr/share"), "project_refused"),
            (real.join("missing"), "project_not_found"),
            (real.join("file"), "project_not_found"),
            (real.join("link"), "project_link"),
            (data.join("sessions"), "project_refused"),
            (real.clone(), "project_refused"),
        ] {
            assert_eq!(code(&path, &data), expected, "{}", path.display());
        }
    }

    #[test]
    fn why_a_directory_cannot_be_used_is_said_in_words() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().canonicalize().unwrap().join("missing");
        let refused = Project::examine(missing.to_str().unwrap(), Path::new("/data"), None).unwrap_err();
        assert_eq!(refused.to_string(), format!("The directory {} cannot be used: it does not exist.", missing.display()));
    }

    #[test]
    fn what_others_trust_is_read_only_and_sockets_are_covered() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        fs::create_dir_all(path.join(".git/hooks")).unwrap();
        fs::write(path.join(".git/config"), "").unwrap();
        fs::write(path.join(".envrc"), "").unwrap();
        fs::create_dir_all(path.join("deep/er")).unwrap();
        symlink("elsewhere", path.join(".claude")).unwrap();
        let _socket = UnixListener::bind(path.join("deep/er/agent.sock")).unwrap();
        let project = Project::examine(path.to_str().unwrap(), Path::new("/data"), None).unwrap();
        let binds: Vec<(String, bool)> = project
            .binds()
            .iter()
            .map(|bind| (bind.at.strip_prefix(&path).unwrap().display().to_string(), bind.writable))
            .collect();
        let expected = [
            ("", true),
            (".git", true),
            (".git/config", false),
            (".git/hooks", false),
            (".envrc", false),
            ("deep/er/agent.sock", false),
        ];
        assert_eq!(binds, expected.map(|(name, writable)| (name.to_owned(), writable)));
        assert_eq!(project.binds().last().unwrap().source, Path::new("/dev/null"));
        assert_eq!(project.warnings.len(), 1);
    }
}
