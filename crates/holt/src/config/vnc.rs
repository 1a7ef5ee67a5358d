//! Desktops for viewers that others wrote.

use std::net::SocketAddr;

use secrecy::SecretString;

use super::Setting;
use super::layers::Settings;
use super::listen::addresses;
use super::values::yes_or_no;
use crate::failure::Failure;

pub const SETTINGS: &[Setting] = &[
    Setting::new(
        "vnc.enabled",
        &["HOLT_ENABLE_DESKTOP", "ENABLE_DESKTOP"],
        Some("false"),
        "Let native VNC viewers see the default desktop",
    ),
    Setting::secret("vnc.password", &["HOLT_VNC_PASSWORD", "VNC_PASSWORD"], "What they have to know; eight characters count"),
    Setting::new("vnc.listen", &["HOLT_VNC_LISTEN"], Some("127.0.0.1:5901"), "Where they connect"),
    Setting::new(
        "vnc.control",
        &["HOLT_VNC_CONTROL"],
        Some("false"),
        "A viewer takes control with its first key or button; else it only watches",
    ),
    Setting::new(
        "vnc.wide",
        &["HOLT_VNC_WIDE"],
        Some("false"),
        "Listen where others can come, although such connections are not encrypted",
    ),
];

/// Nothing when no viewer of others is let in.
#[derive(Debug, Clone)]
pub struct Vnc {
    pub listen: Vec<SocketAddr>,
    /// Without one nobody is let in.
    pub password: Option<SecretString>,
    pub takes_control: bool,
    pub wide: bool,
}

/// What may be typed by somebody who tries.
const SHORTEST: usize = 6;

impl Vnc {
    pub fn read(settings: &Settings) -> Result<Option<Self>, Failure> {
        let strong = |text: &str| match text.len() {
            0..SHORTEST => Err(format!("it is too short to be safe; give at least {SHORTEST} characters")),
            _ => Ok(SecretString::from(text)),
        };
        let vnc = Self {
            listen: settings.parse_always("vnc.listen", addresses)?,
            password: settings.parse("vnc.password", strong)?,
            takes_control: settings.parse_always("vnc.control", yes_or_no)?,
            wide: settings.parse_always("vnc.wide", yes_or_no)?,
        };
        Ok(settings.parse_always("vnc.enabled", yes_or_no)?.then_some(vnc))
    }

    /// What a person should hear who forgot the password.
    pub fn warning(&self) -> Option<String> {
        let text = "native viewers of desktops are not let in without a password: set vnc.password (VNC_PASSWORD)";
        self.password.is_none().then(|| text.into())
    }
}
