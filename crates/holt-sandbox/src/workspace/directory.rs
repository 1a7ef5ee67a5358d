//! Which directories of the user's may become workspaces.

use std::path::{Component, Path, PathBuf};

use holt_core::workspace::FileError;

/// Nobody works in these themselves.
const REFUSED: &[&str] = &[
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root",
    "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var",
];

/// Nor anywhere below these.
const REFUSED_BELOW: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    // What stands there in a sandbox is the sandbox's.
    "/downloads",
    "/workspace",
];

/// Why an agent may not work in a directory, given its one true path. `data` is Holt's own directory, `home` that of the
/// user who runs it; other people's homes are looked up.
pub fn refusal(path: &Path, data: &Path, home: Option<&Path>) -> Option<&'static str> {
    refusal_among(path, data, &homes(home))
}

fn refusal_among(path: &Path, data: &Path, homes: &[PathBuf]) -> Option<&'static str> {
    let is = |names: &[&str]| names.iter().any(|name| path == Path::new(name));
    let is_home = |home: &PathBuf| home.starts_with(path);
    if path.starts_with(data) || data.starts_with(path) {
        Some("it holds Holt's own data")
    } else if homes.iter().any(is_home) || path.parent() == Some(Path::new("/home")) {
        Some("it holds a whole home directory")
    } else if homes.iter().any(|home| is_hidden_in(path, home)) {
        Some("hidden directories of a home hold settings and keys")
    } else if is(REFUSED) || is_of_the_system(path) {
        Some("it belongs to the system")
    } else {
        None
    }
}

/// `~/.ssh`, `~/.config/…` and their like.
fn is_hidden_in(path: &Path, home: &Path) -> bool {
    let below = path.strip_prefix(home).ok().and_then(|below| below.components().next());
    below.is_some_and(|first| first.as_os_str().as_encoded_bytes().starts_with(b"."))
}

/// The homes of the people of this machine.
fn homes(own: Option<&Path>) -> Vec<PathBuf> {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let home = |line: &str| line.split(':').nth(5).map(PathBuf::from);
    let is_a_place = |home: &PathBuf| home.is_absolute() && home.components().count() > 1 && !is_of_the_system(home);
    let others = users.lines().filter_map(home).filter(is_a_place);
    own.map(Path::to_owned).into_iter().chain(others).collect()
}

fn is_of_the_system(path: &Path) -> bool {
    REFUSED_BELOW.iter().any(|name| path.starts_with(name))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_project_may_be_worked_in() {
        let homes = [PathBuf::from("/home/ann"), PathBuf::from("/root"), PathBuf::from("/var/lib/service")];
        let why = |path: &str| refusal_among(Path::new(path), Path::new("/home/ann/.local/share/holt"), &homes);
        for refused in [
            "/",
            "/home",
            "/home/ann",
            "/home/ben",
            "/root",
            "/home/ann/.ssh",
            "/home/ann/.config/app",
            "/root/.aws",
            "/etc/ssl",
            "/usr/share",
            "/tmp",
            "/var",
            "/home/ann/.local/share/holt/sessions",
        ] {
            assert!(why(refused).is_some(), "{refused}");
        }
        for fine in ["/home/ann/site", "/home/ann/work/.hidden", "/root/site", "/srv/site", "/tmp/site", "/home/ben/site"] {
            assert_eq!(why(fine), None, "{fine}");
        }
    }
}
