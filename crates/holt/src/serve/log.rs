//! The server's log: plain lines for a person, JSON for everything else. What it repeats of others is filtered.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Log, LogFormat};
use crate::terminal::clean;

/// What the server says about each request.
const REQUESTS: &str = "holt::access";

/// Where lines go.
#[derive(Debug, Clone)]
pub enum Target {
    StandardError,
    /// For a server in the background, which has no standard error.
    File(Arc<Mutex<File>>),
}

impl Target {
    /// A file that begins anew with each start, so that it stays small.
    pub fn file(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Ok(Self::File(Arc::new(Mutex::new(file))))
    }
}

pub fn start(log: Log, target: Target) {
    let is_terminal = matches!(target, Target::StandardError) && io::stderr().is_terminal();
    let plain = match log.format {
        LogFormat::Auto => is_terminal,
        LogFormat::Plain => true,
        LogFormat::Json => false,
    };
    let layer = if plain {
        fmt::layer().with_ansi(false).with_target(false).compact().with_writer(Lines(target)).boxed()
    } else {
        fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).with_writer(Lines(target)).boxed()
    };
    // A second subscriber in one process is a test's; the first one stays.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter(log.level, is_terminal))).try_init();
}

/// Holt at the level that was asked for. Libraries speak only when something is wrong: at finer levels some of them
/// would write down what they carry. To a person at a terminal, each request would bury what they are to read.
fn filter(level: Level, is_terminal: bool) -> Targets {
    let ours = ["holt", "holt_agents", "holt_engine", "holt_models", "holt_sandbox", "holt_server", "holt_store"];
    let libraries = LevelFilter::from_level(level.min(Level::WARN));
    let filter = Targets::new().with_default(libraries);
    let filter = ours.into_iter().fold(filter, |filter, name| filter.with_target(name, level));
    let requests = if is_terminal && level == Level::INFO { Level::WARN } else { level };
    filter.with_target(REQUESTS, requests)
}

/// Makes each line harmless before it is written.
#[derive(Clone)]
struct Lines(Target);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = clean(&String::from_utf8_lossy(bytes));
        match &self.0 {
            Target::StandardError => io::stderr().lock().write_all(text.as_bytes())?,
            Target::File(file) => {
                let mut file = file.lock().map_err(|_| io::Error::other("the log's lock is poisoned"))?;
                file.write_all(text.as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_stay_quiet_at_every_level() {
        let debug = filter(Level::TRACE, true);
        assert!(debug.would_enable("holt_server::auth", &Level::TRACE));
        assert!(debug.would_enable("hyper::proto", &Level::WARN));
        assert!(!debug.would_enable("hyper::proto", &Level::INFO));
        assert!(!filter(Level::ERROR, true).would_enable("hyper", &Level::WARN));
    }

    #[test]
    fn requests_are_for_programs_and_for_those_who_look_closer() {
        let shown = |level, is_terminal| filter(level, is_terminal).would_enable(REQUESTS, &Level::INFO);
        assert!(shown(Level::INFO, false) && shown(Level::DEBUG, true));
        assert!(!shown(Level::INFO, true) && !shown(Level::WARN, false));
        assert!(filter(Level::INFO, true).would_enable("holt", &Level::INFO));
    }

    #[test]
    fn a_line_is_filtered_on_its_way() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut lines = Lines(Target::file(&path).unwrap());
        lines.write_all(b"title \x1b]0;evil\x07\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "title ␛]0;evil␇\n");
    }
}
