//! Whether the server may listen at an address.
//!
//! On loopback it may. Wider, only when nobody gets in without a key, when that key cannot be guessed, and when the limits
//! of sandboxes hold, because then what one caller's agent does concerns others.

use std::net::SocketAddr;

use holt_core::sandbox::Finding;

use crate::state::unenforced;

/// A key from the environment was chosen by a person; on a network it must be long.
const MIN_MANAGEMENT_KEY: usize = 24;

/// Why the server does not listen there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Exposure {
    #[error("Holt does not listen at {0}, which others can reach, while there is no key")]
    NoCredentials(SocketAddr),
    #[error(
        "Holt does not listen at {0}, which others can reach, while MANAGEMENT_API_KEY has less than {MIN_MANAGEMENT_KEY} characters"
    )]
    WeakKey(SocketAddr),
    #[error("Holt does not listen at {0}, which others can reach, while this machine cannot enforce {1}")]
    Unenforced(SocketAddr, String),
}

impl Exposure {
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials(_) => "no_credentials",
            Self::WeakKey(_) => "weak_key",
            Self::Unenforced(..) => "limits_not_enforced",
        }
    }

    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoCredentials(_) => "Start it on 127.0.0.1 first: it makes a key then. Or set MANAGEMENT_API_KEY.",
            Self::WeakKey(_) => "Use a long random key, for example from `openssl rand -hex 32`.",
            Self::Unenforced(..) => "`holt doctor` says how to mend it. Until then listen on 127.0.0.1 and come through ssh.",
        }
    }
}

/// Says whether the server may listen at `address`. `management_key` is the length of the key from the environment.
pub fn check_exposure(
    address: SocketAddr,
    has_credentials: bool,
    management_key: Option<usize>,
    findings: &[Finding],
) -> Result<(), Exposure> {
    if address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    if !has_credentials {
        return Err(Exposure::NoCredentials(address));
    }
    if management_key.is_some_and(|length| length < MIN_MANAGEMENT_KEY) {
        return Err(Exposure::WeakKey(address));
    }
    let open: Vec<&str> = unenforced(findings).iter().map(|finding| finding.name.as_str()).collect();
    if open.is_empty() { Ok(()) } else { Err(Exposure::Unenforced(address, open.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holt_core::sandbox::FindingState;

    #[test]
    fn only_loopback_is_free() {
        let limit = |state| vec![Finding { name: "memory_limit".into(), state, text: String::new(), hint: None, fix: None }];
        let (good, weak) = (limit(FindingState::Good), limit(FindingState::Weak));
        let check = |address: &str, key, length, findings| check_exposure(address.parse().unwrap(), key, length, findings);
        for loopback in ["127.0.0.1:9090", "[::1]:9090", "127.3.2.1:1", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(check(loopback, false, Some(1), &weak), Ok(()), "{loopback}");
        }
        for wide in ["0.0.0.0:9090", "[::]:9090", "192.168.1.2:9090", "[::ffff:0.0.0.0]:1"] {
            assert_eq!(check(wide, false, None, &good).unwrap_err().code(), "no_credentials", "{wide}");
            assert_eq!(check(wide, true, Some(8), &good).unwrap_err().code(), "weak_key", "{wide}");
            assert_eq!(check(wide, true, None, &weak).unwrap_err().code(), "limits_not_enforced", "{wide}");
            assert_eq!(check(wide, true, Some(32), &good), Ok(()), "{wide}");
        }
    }
}
