//! Where Holt keeps everything: the event log, workspaces, keys' hashes, the private socket.

use std::path::{Path, PathBuf};

use super::Setting;
use super::layers::{Environment, Settings};
use crate::failure::Failure;

pub const SETTINGS: &[Setting] =
    &[Setting::new("data_dir", &["HOLT_DATA_DIR"], None, "Where sessions, files and the log are kept; a directory of its own")];

/// Where a service keeps its data.
const OF_THE_SERVICE: &str = "/var/lib/holt";

pub fn read(settings: &Settings, environment: &Environment) -> Result<PathBuf, Failure> {
    if let Some(value) = settings.get("data_dir") {
        return Ok(environment.working_directory.join(&value.text));
    }
    default(environment).ok_or_else(|| {
        Failure::usage("no_data_dir", "there is no home directory to keep data in", "Name a directory with `--data-dir`.")
    })
}

/// The directory of a server on this machine, for those who want to talk to it: the user's own, else the service's.
pub fn of_a_server(settings: &Settings, environment: &Environment) -> Result<PathBuf, Failure> {
    let own = read(settings, environment)?;
    let there = |directory: &Path| directory.join("holt.sock").exists();
    let shared = PathBuf::from(OF_THE_SERVICE);
    let chosen = settings.get("data_dir").is_some();
    Ok(if !chosen && !there(&own) && there(&shared) { shared } else { own })
}

fn default(environment: &Environment) -> Option<PathBuf> {
    // systemd makes this directory for the service and names it here; several are separated by colons.
    let given = environment.get("STATE_DIRECTORY").and_then(|list| list.split(':').next());
    if let Some(given) = given.filter(|_| environment.is_service) {
        return Some(given.into());
    }
    if environment.is_service && (environment.is_root || environment.get("HOME").is_none()) {
        return Some(OF_THE_SERVICE.into());
    }
    Some(environment.directory("XDG_DATA_HOME", ".local/share")?.join("holt"))
}
