//! The server's certificate.

use std::path::PathBuf;

use super::Setting;
use super::layers::Settings;
use super::values::yes_or_no;
use crate::failure::Failure;

pub const SETTINGS: &[Setting] = &[
    Setting::new("tls.certificate", &["HOLT_TLS_CERT"], None, "A certificate chain as PEM; read again when it changes"),
    Setting::new("tls.key", &["HOLT_TLS_KEY"], None, "Its private key as PEM"),
    Setting::new("tls.generate", &["HOLT_TLS_GENERATE"], Some("false"), "Make a certificate of our own and use TLS"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    Off,
    /// Made by Holt and kept in the data directory.
    Generated,
    Given {
        certificate: PathBuf,
        key: PathBuf,
    },
}

impl Tls {
    pub fn read(settings: &Settings) -> Result<Self, Failure> {
        let path = |key| settings.get(key).map(|value| PathBuf::from(&value.text));
        match (path("tls.certificate"), path("tls.key")) {
            (Some(certificate), Some(key)) => Ok(Self::Given { certificate, key }),
            (None, None) if settings.parse_always("tls.generate", yes_or_no)? => Ok(Self::Generated),
            (None, None) => Ok(Self::Off),
            _ => Err(Failure::usage(
                "config_invalid",
                "tls.certificate and tls.key go together, and only one of them is given",
                "Give both, or `--tls` alone for a generated certificate.",
            )),
        }
    }

    pub fn is_on(&self) -> bool {
        *self != Self::Off
    }
}
