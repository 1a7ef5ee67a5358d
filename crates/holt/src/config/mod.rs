//! The configuration: flags over environment over `.env` over `holt.toml` over defaults.
//!
//! Every setting is declared once, in the file of its concern, with its names and what it is for; `layers` finds its value
//! and where that came from; the concern's file gives it its meaning. A name that nobody declared is an error.

mod access;
pub mod data_dir;
mod dotenv;
mod file;
mod layers;
mod listen;
mod log;
mod models;
mod sandbox;
mod sessions;
mod suggest;
mod tls;
mod values;
mod vnc;

use std::path::PathBuf;

pub use access::Access;
pub use file::read_text;
pub use layers::{Environment, Flags, Settings};
pub use listen::Listen;
pub use log::{Log, LogFormat};
pub use models::Models;
pub use sandbox::Sandbox;
pub use sessions::{Sessions, allowance};
pub use tls::Tls;
pub use values::duration;
pub use vnc::{SessionPorts, Vnc};

use crate::failure::Failure;

/// One setting, as it is declared.
#[derive(Debug)]
pub struct Setting {
    /// Its name in `holt.toml`, with dots between sections.
    pub key: &'static str,
    /// Its names in the environment and in `.env`; the first that is there counts.
    pub env: &'static [&'static str],
    /// Its value when nobody gives one. Nothing when there is no such thing, or when it depends on the machine.
    pub default: Option<&'static str>,
    pub secret: bool,
    /// What it is for, in a line.
    pub about: &'static str,
}

impl Setting {
    const fn new(key: &'static str, env: &'static [&'static str], default: Option<&'static str>, about: &'static str) -> Self {
        Self { key, env, default, secret: false, about }
    }

    const fn secret(key: &'static str, env: &'static [&'static str], about: &'static str) -> Self {
        Self { key, env, default: None, secret: true, about }
    }
}

/// Every setting there is.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    let concerns: [&'static [Setting]; 9] = [
        data_dir::SETTINGS,
        listen::SETTINGS,
        tls::SETTINGS,
        access::SETTINGS,
        vnc::SETTINGS,
        models::SETTINGS,
        sandbox::SETTINGS,
        sessions::SETTINGS,
        log::SETTINGS,
    ];
    concerns.into_iter().flatten()
}

/// Whether files of the working directory are read. They are where a server is started on purpose, and nowhere else:
/// a directory that somebody merely works in must not choose where keys are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkingDirectory {
    Read,
    Ignore,
}

/// What the server runs with.
#[derive(Debug, Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    pub listen: Listen,
    pub tls: Tls,
    pub access: Access,
    pub vnc: Option<Vnc>,
    pub session_ports: Option<SessionPorts>,
    pub models: Models,
    pub sandbox: Sandbox,
    pub sessions: Sessions,
    pub log: Log,
}

impl Config {
    /// The whole configuration, or the first thing that is wrong with it.
    pub fn read(settings: &Settings, environment: &Environment) -> Result<Self, Failure> {
        Ok(Self {
            data_dir: data_dir::read(settings, environment)?,
            listen: Listen::read(settings)?,
            tls: Tls::read(settings)?,
            access: Access::read(settings)?,
            vnc: Vnc::read(settings)?,
            session_ports: SessionPorts::read(settings)?,
            models: Models::read(settings)?,
            sandbox: Sandbox::read(settings)?,
            sessions: Sessions::read(settings)?,
            log: Log::read(settings)?,
        })
    }
}

#[cfg(test)]
mod tests;
