//! Where viewers may be listened for. Their bytes are plain, and the password of raw RFB is weak: on loopback that will do.

use std::net::SocketAddr;

use holt_core::sandbox::Finding;
use secrecy::ExposeSecret as _;

use super::VncOptions;
use crate::state::unenforced;

/// The protocol knows this many characters of a password and no more.
const WHOLE: usize = 8;

/// Why there is no listener for raw RFB.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VncExposure {
    #[error("Holt does not listen for VNC viewers at {0}, which others can reach: nothing on such a connection is encrypted")]
    Plain(SocketAddr),
    #[error(
        "Holt does not listen for VNC viewers at {0}, which others can reach, with a password of less than {WHOLE} characters"
    )]
    WeakPassword(SocketAddr),
    #[error("Holt does not listen for VNC viewers at {0}, which others can reach, while this machine cannot enforce {1}")]
    Unenforced(SocketAddr, String),
}

impl VncExposure {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Plain(_) => "vnc_not_encrypted",
            Self::WeakPassword(_) => "vnc_weak_password",
            Self::Unenforced(..) => "limits_not_enforced",
        }
    }

    pub fn hint(&self) -> &'static str {
        match self {
            Self::Plain(_) => {
                "Listen on 127.0.0.1 and come through `ssh -L`; or, where the network itself is private, set `vnc.wide`."
            }
            Self::WeakPassword(_) => "Give it eight random characters; more do not count.",
            Self::Unenforced(..) => "`holt doctor` says how to mend it. Until then listen on 127.0.0.1 and come through ssh.",
        }
    }
}

pub(crate) fn check_vnc(address: SocketAddr, options: &VncOptions, findings: &[Finding]) -> Result<(), VncExposure> {
    check_plain(address, options.wide, findings)?;
    let is_weak = !is_loopback(address) && options.password.expose_secret().len() < WHOLE;
    if is_weak { Err(VncExposure::WeakPassword(address)) } else { Ok(()) }
}

/// Whether something that is not encrypted may be listened for there.
pub(crate) fn check_plain(address: SocketAddr, wide: bool, findings: &[Finding]) -> Result<(), VncExposure> {
    if is_loopback(address) {
        return Ok(());
    }
    if !wide {
        return Err(VncExposure::Plain(address));
    }
    let open: Vec<&str> = unenforced(findings).iter().map(|finding| finding.name.as_str()).collect();
    if open.is_empty() { Ok(()) } else { Err(VncExposure::Unenforced(address, open.join(", "))) }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;
    use holt_core::sandbox::FindingState;

    #[test]
    fn beyond_loopback_it_has_to_be_meant() {
        let limit = |state| vec![Finding { name: "memory_limit".into(), state, text: String::new(), hint: None, fix: None }];
        let (good, weak) = (limit(FindingState::Good), limit(FindingState::Weak));
        let check = |address: &str, wide, password: &str, findings: &[Finding]| {
            let options = VncOptions { listen: Vec::new(), password: password.into(), takes_control: false, wide };
            check_vnc(address.parse().unwrap(), &options, findings).map_err(|error| error.code())
        };
        assert_eq!(check("127.0.0.1:5901", false, "x", &weak), Ok(()));
        assert_eq!(check("[::1]:5901", false, "x", &weak), Ok(()));
        for wide in ["0.0.0.0:5901", "[::]:5901", "192.168.1.2:5901"] {
            assert_eq!(check(wide, false, "long enough", &good), Err("vnc_not_encrypted"), "{wide}");
            assert_eq!(check(wide, true, "short", &good), Err("vnc_weak_password"), "{wide}");
            assert_eq!(check(wide, true, "long enough", &weak), Err("limits_not_enforced"), "{wide}");
            assert_eq!(check(wide, true, "long enough", &good), Ok(()), "{wide}");
        }
    }
}
