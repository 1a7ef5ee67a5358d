//! From a fork to a running program: descriptors, directory, signals, exec.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{chdir, ioctl_tiocsctty, setsid};

use super::channel::Start;
use crate::system;

/// Above the numbers that any program is given.
const OUT_OF_THE_WAY: i32 = 64;
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Becomes the program; returns only why not. Called in a child that has one thread.
pub fn become_program(start: &Start, descriptors: &[OwnedFd], terminal: Option<&OwnedFd>) -> io::Error {
    match prepare(start, descriptors, terminal) {
        Ok((argv, variables)) => exec_found(start, &argv, &variables),
        Err(error) => error,
    }
}

fn prepare(start: &Start, descriptors: &[OwnedFd], terminal: Option<&OwnedFd>) -> io::Result<(Vec<CString>, Vec<CString>)> {
    let argv = start.argv.iter().map(|word| CString::new(word.as_str())).collect::<Result<Vec<_>, _>>()?;
    let variables = start.variables.iter().map(|(name, value)| CString::new(format!("{name}={value}")));
    let variables = variables.collect::<Result<Vec<_>, _>>()?;
    if argv.is_empty() || start.descriptors.len() != descriptors.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // Without a session of its own, a program could reach what shares its terminal or its process group.
    setsid()?;
    if let Some(terminal) = terminal {
        ioctl_tiocsctty(terminal)?;
    }
    if let Some(directory) = &start.directory {
        chdir(directory)?;
    }
    let terminal = terminal.into_iter().flat_map(|terminal| [0, 1, 2].map(|number| (terminal, number)));
    let given = descriptors.iter().zip(start.descriptors.iter().copied());
    place(&given.chain(terminal).collect::<Vec<_>>())?;
    system::reset_signals();
    Ok((argv, variables))
}

/// First away from the numbers to be filled, so that none is overwritten before it is used; then there.
fn place(given: &[(&OwnedFd, i32)]) -> io::Result<()> {
    let away = given.iter().map(|(descriptor, _)| fcntl_dupfd_cloexec(descriptor, OUT_OF_THE_WAY));
    let away = away.collect::<Result<Vec<_>, _>>()?;
    system::close_on_exec_from(0)?;
    for (descriptor, (_, number)) in away.iter().zip(given) {
        if !(0..OUT_OF_THE_WAY).contains(number) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        system::place(descriptor.as_fd(), *number)?;
    }
    Ok(())
}

fn exec_found(start: &Start, argv: &[CString], variables: &[CString]) -> io::Error {
    let name = &start.argv[0];
    if name.contains('/') {
        return system::exec(&argv[0], argv, variables);
    }
    let path = start.variables.get("PATH").map_or(DEFAULT_PATH, String::as_str);
    let mut why = io::Error::from(io::ErrorKind::NotFound);
    for directory in path.split(':').filter(|directory| directory.starts_with('/')) {
        let Ok(program) = CString::new(Path::new(directory).join(name).into_os_string().into_encoded_bytes()) else { continue };
        let error = system::exec(&program, argv, variables);
        if error.kind() != io::ErrorKind::NotFound {
            why = error;
        }
    }
    why
}
