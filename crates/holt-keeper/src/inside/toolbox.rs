//! The toolbox as a program: Holt's tools, served on the descriptor that the keeper gave.

use std::path::PathBuf;
use std::process::ExitCode;

use holt_toolbox::Options;

use crate::spec::DOWNLOADS_INSIDE;

/// The variable that names the workspace where it is not at its usual place.
pub const WORKSPACE_VARIABLE: &str = "HOLT_WORKSPACE";

/// Serves until the keeper's end closes.
pub fn run_toolbox(number: &str) -> ExitCode {
    let Some(stream) = super::inherited(number) else { return ExitCode::FAILURE };
    let mut options = Options { downloads: Some(PathBuf::from(DOWNLOADS_INSIDE)), ..Options::default() };
    if let Some(path) = std::env::var_os(WORKSPACE_VARIABLE) {
        options.workspace = PathBuf::from(path);
    }
    let served = holt_toolbox::run(stream, options);
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
