//! The browser's part: the parent of Chromium, in a room of its own, served on the descriptor that the keeper gave.

use std::path::PathBuf;
use std::process::ExitCode;

use holt_browser::Options;

use super::desktop::DISPLAY;
use crate::spec::{DOWNLOADS_INSIDE, WAY_OUT};

/// Serves until the keeper's end closes.
pub fn run_browser(number: &str) -> ExitCode {
    let Some(stream) = super::inherited(number) else { return ExitCode::FAILURE };
    let options = Options {
        display: Some(DISPLAY.to_owned()),
        downloads: PathBuf::from(DOWNLOADS_INSIDE),
        downloads_shown: DOWNLOADS_INSIDE.to_owned(),
        // Where nothing may leave, nobody answers there.
        proxy: Some(format!("http://127.0.0.1:{WAY_OUT}")),
        ..Options::default()
    };
    let served = holt_browser::run(stream, options);
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
