//! Why something is not reached, in words for the program that asked and for people.

use crate::address::Class;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    #[error("the session's network policy does not allow it")]
    Policy,
    #[error("{}", if *answered { "a person has not allowed it" } else { "nobody has answered in time whether it may be reached" })]
    NotAllowed { answered: bool },
    #[error("it leads to {}, where sandboxes are not let", .0.words())]
    Address(Class),
    #[error("the server's name in TLS is not the name that was asked for")]
    OtherName,
    #[error("the connection names no server in TLS, as it must")]
    NoName,
    #[error("only TLS is let through to this port")]
    NotTls,
    #[error("the host has not proved in TLS to be who it is")]
    Unproven,
    #[error("too many connections are open in this session; close some")]
    TooMany,
    #[error("it is not understood; the proxy takes CONNECT, http:// addresses and SOCKS5 without a password")]
    NotUnderstood,
    #[error("there is no host of that name")]
    NoSuchHost,
    #[error("nobody could be reached there")]
    Unreachable,
    #[error("nobody answered there in time")]
    Late,
}

impl Refusal {
    /// Stable.
    pub fn code(self) -> &'static str {
        match self {
            Self::Policy => "network_policy",
            Self::NotAllowed { answered: true } => "host_denied",
            Self::NotAllowed { answered: false } => "host_unanswered",
            Self::Address(_) => "address_refused",
            Self::OtherName => "other_server_name",
            Self::NoName => "no_server_name",
            Self::NotTls => "not_tls",
            Self::Unproven => "host_unproven",
            Self::TooMany => "too_many_connections",
            Self::NotUnderstood => "not_understood",
            Self::NoSuchHost => "no_such_host",
            Self::Unreachable => "unreachable",
            Self::Late => "late",
        }
    }

    /// Whether it is a decision of Holt's, and not how the network is.
    pub fn is_decided(self) -> bool {
        !matches!(self, Self::NoSuchHost | Self::Unreachable | Self::Late | Self::NotUnderstood)
    }

    /// What would change it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Policy => "Whoever uses this session can let it reach the host: on its page, or with `holt network`.",
            Self::NotAllowed { answered: true } => "Go on without it, or ask them why.",
            Self::NotAllowed { answered: false } => "Try again when somebody is there.",
            Self::Address(_) => "Whoever runs Holt can name this host and port as an exception in its configuration.",
            Self::OtherName | Self::NoName => "Ask the proxy for the host by the name that TLS is to use.",
            Self::NotTls => "Use another port for what is not TLS.",
            Self::Unproven => "Look at its certificate; what this machine trusts is trusted here.",
            Self::TooMany | Self::NotUnderstood => "",
            Self::NoSuchHost | Self::Unreachable | Self::Late => "Check the name, or try again later.",
        }
    }
}
