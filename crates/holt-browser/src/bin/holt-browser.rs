//! The browser's part alone: serves over its standard input, which must be a connected stream socket.
//!
//! `holt-browser DIRECTORY [ARGUMENTS FOR CHROMIUM...]`

use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use holt_browser::{Options, run};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(directory) = arguments.next().map(PathBuf::from) else { return ExitCode::from(2) };
    let options = Options {
        downloads: directory.join("downloads"),
        profile: directory.join("profile"),
        // Chromium refuses its own sandbox to root.
        own_sandbox: !rustix::process::geteuid().is_root(),
        max_download: 8 * 1024 * 1024,
        arguments: arguments.map(|argument| argument.to_string_lossy().into_owned()).collect(),
        ..Options::default()
    };
    let served = std::io::stdin().as_fd().try_clone_to_owned().map(|stream| run(stream, options));
    match served {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
