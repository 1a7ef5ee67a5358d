//! Where a session may go, as far as its policy says. What an address is the dialer looks at, whatever is said here.

use holt_core::session::Network;

use crate::target::Target;

/// What a policy says about one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Refused,
}

/// Judges one target.
pub fn judge(network: Network, _target: &Target) -> Verdict {
    match network {
        Network::None => Verdict::Refused,
        Network::Open => Verdict::Allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_lets_nothing_out_and_open_everything() {
        for target in ["example.com:443", "1.1.1.1:53", "localhost:80"] {
            let target = target.parse().unwrap();
            assert_eq!(judge(Network::None, &target), Verdict::Refused);
            assert_eq!(judge(Network::Open, &target), Verdict::Allowed);
        }
    }
}
