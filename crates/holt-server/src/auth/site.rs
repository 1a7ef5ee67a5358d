//! By which names this server may be called, and whose pages may use it.
//!
//! A page elsewhere can make a browser send requests here, and with a name that it controls it can even make them look
//! like requests to itself. So the name that a request was sent to must be one of ours, and where a browser says on whose
//! behalf it asks, that must be us or an origin that was configured, exactly.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

/// A name or address with an optional port, as `Host` and origins have it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Authority {
    /// Lower case; an address in its one spelling.
    pub host: Host,
    pub port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    Name(String),
    Address(IpAddr),
}

impl Authority {
    /// Strict: letters, digits, dots and dashes, or an address as the standard library writes it. No user, no path.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                let address = Host::Address(IpAddr::V6(address.parse::<Ipv6Addr>().ok()?));
                (address, rest)
            }
            None => {
                let end = text.find(':').unwrap_or(text.len());
                (Host::parse(&text[..end])?, &text[end..])
            }
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
            Some(_) => return None,
            None if port.is_empty() => None,
            None => return None,
        };
        Some(Self { host, port })
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.';
        if text.is_empty() || text.len() > 253 || !text.bytes().all(plain) || text.starts_with('.') {
            return None;
        }
        match text.parse() {
            Ok(address) => Some(Self::Address(IpAddr::V4(address))),
            // What is nothing but numbers and is not an address is a disguised one.
            Err(_) if text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) => None,
            Err(_) => Some(Self::Name(text.to_ascii_lowercase())),
        }
    }
}

/// `http://host:port`, with the port always there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub tls: bool,
    pub host: Host,
    pub port: u16,
}

impl Origin {
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        Some(Self::new(tls, Authority::parse(authority)?))
    }

    pub fn new(tls: bool, authority: Authority) -> Self {
        let port = authority.port.unwrap_or(if tls { 443 } else { 80 });
        Self { tls, host: authority.host, port }
    }
}

/// A setting that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` in `{setting}` is not {expected}")]
pub struct BadSetting {
    setting: &'static str,
    value: String,
    expected: &'static str,
}

/// The names and origins that are ours.
#[derive(Debug, Default)]
pub(crate) struct Site {
    hosts: HashSet<Host>,
    own: HashSet<Origin>,
    guests: HashSet<Origin>,
}

impl Site {
    pub fn new(public_url: Option<&str>, allowed_hosts: &[String], cors_origins: &[String]) -> Result<Self, BadSetting> {
        let mut site = Self::default();
        if let Some(url) = public_url {
            let origin = parse_setting("public_url", url, "an address such as https://holt.example", |url| {
                Origin::parse(url.trim_end_matches('/'))
            })?;
            site.hosts.insert(origin.host.clone());
            site.own.insert(origin);
        }
        for name in allowed_hosts {
            let host = parse_setting("allowed_hosts", name, "the name of a host", Authority::parse)?;
            site.hosts.insert(host.host);
        }
        for origin in cors_origins {
            site.guests.insert(parse_setting("cors_origins", origin, "an origin such as https://app.example", Origin::parse)?);
        }
        Ok(site)
    }

    /// Whether a request to this name is one to us. `local` is the address at which the request arrived.
    pub fn knows(&self, authority: &Authority, local: IpAddr) -> bool {
        let by_nature = match &authority.host {
            Host::Name(name) => name == "localhost",
            Host::Address(address) => {
                let address = address.to_canonical();
                address.is_loopback() || address == local.to_canonical()
            }
        };
        by_nature || self.hosts.contains(&authority.host)
    }

    /// Whose page asks, by the `Origin` that its browser sent with a request to `authority`.
    pub fn page(&self, origin: &str, authority: &Authority, tls: bool) -> Page {
        match Origin::parse(origin) {
            Some(origin) if self.own.contains(&origin) || origin == Origin::new(tls, authority.clone()) => Page::Own,
            Some(origin) if self.guests.contains(&origin) => Page::Guest,
            _ => Page::Foreign,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Own,
    /// Elsewhere, and configured.
    Guest,
    Foreign,
}

pub(crate) fn parse_setting<T>(
    setting: &'static str,
    value: &str,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, BadSetting> {
    parse(value).ok_or_else(|| BadSetting { setting, value: holt_api::bounds::shown(value), expected })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn site() -> Site {
        Site::new(Some("https://holt.example/"), &["den".into(), "192.168.1.5".into()], &["http://app.example:8080".into()])
            .unwrap()
    }

    fn knows(host: &str) -> bool {
        Authority::parse(host).is_some_and(|host| site().knows(&host, "10.1.2.3".parse().unwrap()))
    }

    #[test]
    fn only_its_own_names_are_known() {
        let ours = ["localhost", "LOCALHOST:9090", "127.0.0.1", "127.9.9.9:1", "[::1]:9090", "holt.example", "den:80"];
        for name in ours.into_iter().chain(["10.1.2.3:9090", "192.168.1.5", "[::ffff:127.0.0.1]"]) {
            assert!(knows(name), "{name}");
        }
        let foreign = ["evil.example", "localhost.evil.example", "holt.example.evil", "a.localhost", "localhost.", "10.1.2.4"];
        let tricks = ["", ":80", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost:", "localhost:x", "localhost:99999"];
        let more = ["user@localhost", "localhost/", "local host", "[::1", "[::1]x", "::1", "[127.0.0.1]", "loc%61lhost", "🦦"];
        for name in foreign.into_iter().chain(tricks).chain(more) {
            assert!(!knows(name), "{name}");
        }
    }

    #[test]
    fn a_page_is_own_guest_or_foreign() {
        let page = |origin: &str, host: &str, tls| site().page(origin, &Authority::parse(host).unwrap(), tls);
        assert_eq!(page("http://127.0.0.1:9090", "127.0.0.1:9090", false), Page::Own);
        assert_eq!(page("http://localhost", "localhost:80", false), Page::Own);
        assert_eq!(page("https://holt.example", "localhost:9090", false), Page::Own);
        assert_eq!(page("http://app.example:8080", "localhost:9090", false), Page::Guest);
        for foreign in [
            "http://127.0.0.1:9091",
            "https://127.0.0.1:9090",
            "http://app.example",
            "http://app.example:8080.evil",
            "null",
            "",
            "file://",
            "http://",
            "http://127.0.0.1:9090/",
        ] {
            assert_eq!(page(foreign, "127.0.0.1:9090", false), Page::Foreign, "{foreign}");
        }
    }

    #[test]
    fn a_setting_that_cannot_be_read_is_an_error() {
        assert!(Site::new(Some("holt.example"), &[], &[]).is_err());
        assert!(Site::new(None, &["*".into()], &[]).is_err());
        let error = Site::new(None, &[], &["*".into()]).unwrap_err();
        assert_eq!(error.to_string(), "`*` in `cors_origins` is not an origin such as https://app.example");
    }

    proptest! {
        #[test]
        fn parsing_never_fails_badly(text in ".{0,40}") {
            let _ = Authority::parse(&text);
            let _ = Origin::parse(&text);
        }

        #[test]
        fn what_is_known_has_a_known_name(host in "(localhost|127\\.0\\.0\\.1|evil|\\.|@|:|[a-z0-9]){1,5}") {
            if knows(&host) {
                let name = host.split(':').next().unwrap();
                let loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
                prop_assert!(name == "localhost" || loopback, "{host}");
            }
        }
    }
}
