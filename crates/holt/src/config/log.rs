//! The server's log.

use tracing::Level;

use super::Setting;
use super::layers::Settings;
use crate::failure::Failure;

pub const SETTINGS: &[Setting] = &[
    Setting::new("log.level", &["HOLT_LOG_LEVEL", "LOG_LEVEL"], Some("info"), "error, warn, info, debug or trace"),
    Setting::new("log.format", &["HOLT_LOG_FORMAT"], Some("auto"), "plain, json, or auto: plain on a terminal"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Auto,
    Plain,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    pub level: Level,
    pub format: LogFormat,
}

impl Log {
    pub fn read(settings: &Settings) -> Result<Self, Failure> {
        Ok(Self { level: settings.parse_always("log.level", level)?, format: settings.parse_always("log.format", format)? })
    }
}

fn level(text: &str) -> Result<Level, String> {
    match text.trim().to_lowercase().as_str() {
        "error" | "critical" | "fatal" => Ok(Level::ERROR),
        "warn" | "warning" => Ok(Level::WARN),
        "info" => Ok(Level::INFO),
        "debug" => Ok(Level::DEBUG),
        "trace" => Ok(Level::TRACE),
        _ => Err("say error, warn, info, debug or trace".into()),
    }
}

fn format(text: &str) -> Result<LogFormat, String> {
    match text.trim().to_lowercase().as_str() {
        "auto" => Ok(LogFormat::Auto),
        "plain" | "text" => Ok(LogFormat::Plain),
        "json" => Ok(LogFormat::Json),
        _ => Err("say plain, json or auto".into()),
    }
}
