//! What somebody inside asks to reach: a name or an address, and a port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The most characters of a name.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// It is neither `name:port` nor `address:port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a host is written as name:port, address:port or [address]:port")]
pub struct NotATarget;

/// The name of a host: lower case, without the dot at its end. Names in other scripts come in their ASCII form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let fits = |label: &str| {
            let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
            (1..=LONGEST_LABEL).contains(&label.len()) && label.bytes().all(plain)
        };
        if text.len() <= LONGEST_NAME && text.split('.').all(fits) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotATarget)
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    Name(Name),
    Address(IpAddr),
}

impl FromStr for Host {
    type Err = NotATarget;

    /// An IPv6 address may stand in brackets.
    fn from_str(text: &str) -> Result<Self, NotATarget> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').ok_or(NotATarget)?;
            return address.parse::<Ipv6Addr>().map(|address| Self::Address(address.into())).map_err(|_| NotATarget);
        }
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(Self::Address(address)),
            Err(_) => text.parse().map(Self::Name),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name.as_str()),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    pub host: Host,
    pub port: u16,
}

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let (host, port) = text.rsplit_once(':').ok_or(NotATarget)?;
        // `::1:80` could be read in two ways.
        if host.contains(':') && !host.starts_with('[') {
            return Err(NotATarget);
        }
        let port = Some(port).filter(|port| port.bytes().all(|c| c.is_ascii_digit()));
        let port = port.and_then(|port| port.parse().ok()).filter(|port| *port != 0).ok_or(NotATarget)?;
        Ok(Self { host: host.parse()?, port })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_read_in_one_way_only() {
        let read = |text: &str| text.parse::<Target>().map(|target| target.to_string()).ok();
        assert_eq!(read("Example.COM.:443").as_deref(), Some("example.com:443"));
        assert_eq!(read("127.0.0.1:1").as_deref(), Some("127.0.0.1:1"));
        assert_eq!(read("[::1]:80").as_deref(), Some("[::1]:80"));
        assert_eq!(read("my_host:8080").as_deref(), Some("my_host:8080"));
        for wrong in [
            "example.com",
            "example.com:",
            "example.com:0",
            "example.com:65536",
            "example.com:+1",
            "::1:80",
            "[::1]",
            "[::1",
            "[127.0.0.1]:1",
            "[fe80::1%eth0]:1",
            "a..b:1",
            ":1",
            ".:1",
            "a b:1",
            "a@b:1",
            "bücher.example:1",
            "a/b:1",
            "a%2e:1",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(read(&format!("{}:1", "a".repeat(64))), None);
        assert_eq!(
            read(&format!("{}:1", "a.".repeat(127))),
            None.or(Some(format!("{}:1", "a.".repeat(127).trim_end_matches('.'))))
        );
        assert_eq!(read(&format!("{}aa:1", "a.".repeat(127))), None);
    }
}
