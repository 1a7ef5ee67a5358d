//! Desktops for viewers that others wrote.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use secrecy::SecretString;

use super::Setting;
use super::layers::Settings;
use super::listen::addresses as addresses_of;
use super::values::{number, yes_or_no};
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
    Setting::new(
        "vnc.session_ports",
        &["HOLT_VNC_SESSION_PORTS"],
        None,
        "Ports at which single desktops can be had, such as 6080-6200, at the addresses of vnc.listen",
    ),
    Setting::new(
        "vnc.port_range_start",
        &["VNC_PORT_RANGE_START"],
        None,
        "The first of them, where vnc.session_ports is not set",
    ),
    Setting::new("vnc.port_range_end", &["VNC_PORT_RANGE_END"], None, "The last of them"),
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

/// Ports of single sessions. They need no password: whoever comes shows a capability.
#[derive(Debug, Clone)]
pub struct SessionPorts {
    pub addresses: Vec<IpAddr>,
    pub range: RangeInclusive<u16>,
    pub wide: bool,
}

impl SessionPorts {
    pub fn read(settings: &Settings) -> Result<Option<Self>, Failure> {
        let port = |text: &str| number::<u16>(text, 1, u64::from(u16::MAX));
        let ends = (settings.parse("vnc.port_range_start", port)?, settings.parse("vnc.port_range_end", port)?);
        let range = match (settings.parse("vnc.session_ports", range)?, ends) {
            (Some(range), _) => range,
            (None, (Some(start), Some(end))) if start <= end => start..=end,
            (None, (None, None)) => return Ok(None),
            _ => {
                let hint = "Give both VNC_PORT_RANGE_START and VNC_PORT_RANGE_END, the lower one first.";
                return Err(Failure::usage("config_invalid", "the range of ports for desktops has no two ends", hint));
            }
        };
        let mut addresses = Vec::new();
        for address in settings.parse_always("vnc.listen", addresses_of)? {
            if !addresses.contains(&address.ip()) {
                addresses.push(address.ip());
            }
        }
        Ok(Some(Self { addresses, range, wide: settings.parse_always("vnc.wide", yes_or_no)? }))
    }
}

/// `6080-6200`, or one port.
fn range(text: &str) -> Result<RangeInclusive<u16>, String> {
    let (start, end) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| number::<u16>(text, 1, u64::from(u16::MAX));
    let (start, end) = (port(start)?, port(end)?);
    if start <= end { Ok(start..=end) } else { Err("the lower port comes first".into()) }
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
            listen: settings.parse_always("vnc.listen", addresses_of)?,
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
