//! Which directories of the user's may become workspaces.

use std::path::{Component, Path};

use holt_core::workspace::FileError;

/// Nobody works in these themselves.
const REFUSED: &[&str] = &[
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root",
    "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var",
];

/// Nor anywhere below these.
const REFUSED_BELOW: &[&str] =
    &["/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr"];

/// Why an agent may not work in a directory, given its one true path. `data` is Holt's own directory, `home` that of the
/// user who runs it.
pub fn refusal(path: &Path, data: &Path, home: Option<&Path>) -> Option<&'static str> {
    let is = |names: &[&str]| names.iter().any(|name| path == Path::new(name));
    if path.starts_with(data) || data.starts_with(path) {
        Some("it holds Holt's own data")
    } else if home.is_some_and(|home| home.starts_with(path)) {
        Some("it holds a whole home directory")
    } else if is(REFUSED) || REFUSED_BELOW.iter().any(|name| path.starts_with(name)) {
        Some("it belongs to the system")
    } else {
        None
    }
}

/// Finds the one true path of a directory that may become a workspace.
pub(super) fn check(path: &Path, data: &Path, home: Option<&Path>) -> Result<String, FileError> {
    let shown = path.display().to_string();
    let is_plain = path.is_absolute() && path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    if !is_plain || shown.chars().any(char::is_control) {
        return Err(FileError::Refused { path: shown, why: "it is not an absolute path without `..`" });
    }
    let real = path.canonicalize().map_err(|error| super::said(error, &shown))?;
    if !real.is_dir() {
        return Err(FileError::NotADirectory(shown));
    }
    if let Some(why) = refusal(&real, data, home) {
        return Err(FileError::Refused { path: shown, why });
    }
    match real.to_str() {
        Some(real) if !real.chars().any(char::is_control) => Ok(real.to_owned()),
        _ => Err(FileError::Refused { path: shown, why: "its name has characters that cannot be shown" }),
    }
}
