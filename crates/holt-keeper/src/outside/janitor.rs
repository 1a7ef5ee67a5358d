//! The janitor: it waits for the keeper to end, then ends what is left in the session's cgroups and removes them and the
//! keeper's socket. It listens to nothing and reads nothing that a sandbox can write.

use std::fs;

use rustix::process::{Pid, WaitOptions, waitpid};

use crate::spec::KeeperSpec;

pub fn run(keeper: Pid, spec: &KeeperSpec) {
    while matches!(waitpid(Some(keeper), WaitOptions::empty()), Err(rustix::io::Errno::INTR)) {}
    if let Some(cgroups) = &spec.cgroups {
        cgroups.end();
    }
    let _ = fs::remove_file(&spec.socket);
}
