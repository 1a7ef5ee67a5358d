//! The janitor: it makes the session's cgroups while the keeper prepares, waits for the keeper to end, then ends what is left
//! in the cgroups and removes them and the keeper's sockets. It listens to nothing and reads nothing that a sandbox can write.

use std::fs;
use std::io::{self, Write as _};

use rustix::process::{Pid, WaitOptions, waitpid};

use super::birth::log;
use crate::spec::KeeperSpec;

pub fn run(keeper: Pid, spec: &KeeperSpec, tell_made: io::PipeWriter) {
    if let Err(error) = make_cgroups(spec, tell_made) {
        // The keeper notices that it is not told, and ends.
        log(&format!("the session's cgroups cannot be made: {error}"));
    }
    while matches!(waitpid(Some(keeper), WaitOptions::empty()), Err(rustix::io::Errno::INTR)) {}
    if let Some(cgroups) = &spec.cgroups {
        cgroups.end();
    }
    for socket in [&spec.socket, &spec.desktop_socket] {
        let _ = fs::remove_file(socket);
    }
}

fn make_cgroups(spec: &KeeperSpec, mut tell_made: io::PipeWriter) -> io::Result<()> {
    if let Some(cgroups) = &spec.cgroups {
        cgroups.create(&spec.limits, spec.identity)?;
    }
    tell_made.write_all(b"m")
}
