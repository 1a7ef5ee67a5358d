//! The toolbox alone: serves over its standard input, which must be a connected stream socket.
//!
//! `holt-toolbox WORKSPACE TEMPORARY [HOME [LAUNCHER...]]`

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use holt_toolbox::{Options, run};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(workspace), Some(temporary)) = (arguments.next(), arguments.next()) else {
        return ExitCode::from(2);
    };
    let home = arguments.next();
    let launcher = arguments.map(|part| part.to_string_lossy().into_owned()).collect();
    let options = Options { workspace, temporary, home, launcher, ..Options::default() };
    let served = std::io::stdin().as_fd().try_clone_to_owned().map(|stream| run(stream, options));
    match served {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
