//! What this machine has, found out once: bubblewrap, control groups, programs, whose Holt is.

use std::io;
use std::path::{Path, PathBuf};

use holt_core::sandbox::SandboxError;
use holt_keeper::cgroup::{Controller, Plan};
use tokio::process::Command;

use super::options::{Cgroups, Options};
use super::places::Places;
use super::problem::{missing_bubblewrap, missing_keeper, storage};
use super::room::Programs;
use super::{cgroups, etc};

/// The facts on which sandboxes are built.
#[derive(Debug)]
pub struct Machine {
    pub bwrap: PathBuf,
    pub bwrap_version: String,
    pub binds_descriptors: bool,
    pub keeper: PathBuf,
    pub cgroups: Option<Plan>,
    pub programs: Programs,
    pub etc: PathBuf,
    pub is_root: bool,
    pub uid: u32,
    /// Of the user who runs Holt.
    pub home: Option<PathBuf>,
    pub disk_floor: u64,
    /// What cannot be enforced here, in words for people.
    pub warnings: Vec<String>,
}

impl Machine {
    pub async fn examine(options: &Options, places: &Places) -> Result<Self, SandboxError> {
        let keeper = options.keeper.canonicalize().map_err(|_| missing_keeper(&options.keeper))?;
        let bwrap = find_program(&options.bwrap).ok_or_else(|| missing_bubblewrap(&options.bwrap))?;
        let place = places.etc();
        let composing = {
            let place = place.clone();
            // A thousand files are looked at, and copied the first time.
            tokio::task::spawn_blocking(move || etc::compose(&place, Path::new("/etc")))
        };
        let (version, help, etc) = tokio::join!(words(&bwrap, "--version"), words(&bwrap, "--help"), composing);
        let version = version.map_err(|error| storage("run", &bwrap, &error))?;
        let etc = etc.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| storage("compose", &place, &error))?;
        let cgroups = match &options.cgroups {
            Cgroups::Detected => cgroups::detect(),
            Cgroups::None => None,
            Cgroups::Below(plan) => Some(plan.clone()),
        };
        let uid = rustix::process::geteuid();
        Ok(Self {
            binds_descriptors: help.is_ok_and(|help| help.contains("--ro-bind-fd")),
            bwrap_version: version.trim().trim_start_matches("bubblewrap ").to_owned(),
            bwrap,
            keeper,
            warnings: warnings(cgroups.as_ref()),
            cgroups,
            programs: Programs::find(),
            etc,
            is_root: uid.is_root(),
            uid: uid.as_raw(),
            home: std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute()),
            disk_floor: options.floor_of(disk_size(places.data())),
        })
    }
}

fn disk_size(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(u64::MAX, |system| system.f_blocks.saturating_mul(system.f_frsize))
}

/// What is not enforced, or only weakly.
fn warnings(cgroups: Option<&Plan>) -> Vec<String> {
    let has = |controller| cgroups.is_some_and(|plan| plan.has(controller));
    let mut warnings = Vec::new();
    if !has(Controller::Memory) {
        warnings.push(
            "Memory is limited for each process, and only watched for the session: no memory cgroup can be made here.".to_owned(),
        );
    }
    if !has(Controller::Cpu) {
        warnings.push("Processor time is not limited: no cpu cgroup can be made here.".to_owned());
    }
    if !has(Controller::Freezer) {
        warnings.push(
            "Groups of processes are stopped and killed one process at a time: no freezer cgroup can be made here.".to_owned(),
        );
    }
    warnings
}

/// A program by its path, or by its name in the usual places.
pub fn find_program(name: &Path) -> Option<PathBuf> {
    if name.components().count() > 1 {
        return name.is_file().then(|| name.to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    std::env::split_paths(&path).filter(|place| place.is_absolute()).map(|place| place.join(name)).find(|path| path.is_file())
}

async fn words(program: &Path, argument: &str) -> io::Result<String> {
    let output = Command::new(program).arg(argument).env_clear().stdin(std::process::Stdio::null()).output().await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
