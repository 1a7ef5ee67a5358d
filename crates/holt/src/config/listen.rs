//! Where the server listens, and under which names it is known.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Setting;
use super::layers::Settings;
use crate::failure::Failure;

pub const SETTINGS: &[Setting] = &[
    Setting::new("listen", &["HOLT_LISTEN"], Some("127.0.0.1:9090"), "Addresses to listen on, separated by commas"),
    Setting::new("public_url", &["HOLT_PUBLIC_URL"], None, "The address that browsers use, when it is another one"),
    Setting::new(
        "preview_domain",
        &["HOLT_PREVIEW_DOMAIN"],
        None,
        "A domain all of whose subdomains lead here, for previews where Holt is not opened as localhost",
    ),
    Setting::new("allowed_hosts", &["HOLT_ALLOWED_HOSTS"], None, "Further host names that requests may be made to"),
    Setting::new("cors_origins", &["HOLT_CORS_ORIGINS", "CORS_ORIGINS"], None, "Origins of other pages that may use the API"),
    Setting::new("trusted_proxies", &["HOLT_TRUSTED_PROXIES"], None, "Addresses whose X-Forwarded headers are believed"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    pub addresses: Vec<SocketAddr>,
    pub public_url: Option<String>,
    pub preview_domain: Option<String>,
    pub allowed_hosts: Vec<String>,
    pub cors_origins: Vec<String>,
    pub trusted_proxies: Vec<IpAddr>,
}

impl Listen {
    pub fn read(settings: &Settings) -> Result<Self, Failure> {
        Ok(Self {
            addresses: settings.parse_always("listen", addresses)?,
            public_url: settings.parse("public_url", public_url)?,
            preview_domain: settings.get("preview_domain").map(|value| value.text.trim().to_owned()),
            allowed_hosts: settings.list("allowed_hosts"),
            cors_origins: settings.parse("cors_origins", origins)?.unwrap_or_default(),
            trusted_proxies: settings.parse("trusted_proxies", proxies)?.unwrap_or_default(),
        })
    }

    /// What a person should hear when keys would travel in the clear. Behind a proxy or in a container they may not.
    pub fn warning(&self, tls: bool) -> Option<String> {
        let wide = self.addresses.iter().find(|address| !address.ip().is_loopback())?;
        (!tls && self.trusted_proxies.is_empty()).then(|| {
            format!("keys that are sent to {wide} can be read on the way: use `--tls`, or let a proxy do it (trusted_proxies)")
        })
    }
}

pub fn addresses(text: &str) -> Result<Vec<SocketAddr>, String> {
    let mut addresses = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        addresses.extend(address(part)?);
    }
    if addresses.is_empty() { Err("at least one address is needed".into()) } else { Ok(addresses) }
}

/// `127.0.0.1:9090`, `[::1]:9090`, `localhost:9090` (both loopbacks), or a port alone (IPv4 loopback).
fn address(text: &str) -> Result<Vec<SocketAddr>, String> {
    if let Ok(port) = text.trim_start_matches(':').parse::<u16>() {
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into()]);
    }
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse::<u16>().ok()) {
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    text.parse().map(|address| vec![address]).map_err(|_| format!("`{text}` is not an address like 127.0.0.1:9090"))
}

fn public_url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.map(|rest| rest.trim_end_matches('/'));
    let plain = |host: &&str| !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/?#@".contains(c));
    host.filter(plain).ok_or("an address like https://holt.example is needed, without a path")?;
    Ok(text.trim_end_matches('/').to_owned())
}

fn origins(text: &str) -> Result<Vec<String>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|origin| match origin {
            "*" => Err("every page of the web could use this server; name the origins".into()),
            origin => public_url(origin).map_err(|_| format!("`{origin}` is not an origin like https://app.example")),
        })
        .collect()
}

fn proxies(text: &str) -> Result<Vec<IpAddr>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|_| format!("`{part}` is not a single address"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        let shown = |text| addresses(text).map(|list| list.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(" "));
        for (text, expected) in [
            ("127.0.0.1:9090", "127.0.0.1:9090"),
            ("9090", "127.0.0.1:9090"),
            (":0", "127.0.0.1:0"),
            ("localhost:1", "127.0.0.1:1 [::1]:1"),
            ("0.0.0.0:80, [::]:80", "0.0.0.0:80 [::]:80"),
        ] {
            assert_eq!(shown(text), Ok(expected.to_owned()));
        }
        for text in ["", "holt", "127.0.0.1", "127.0.0.1:99999", "example.com:80"] {
            assert!(shown(text).is_err(), "{text}");
        }
    }

    #[test]
    fn urls_and_origins() {
        assert_eq!(public_url("https://holt.example/"), Ok("https://holt.example".into()));
        for bad in ["holt.example", "https://", "https://a/b", "https://u@h", "ftp://h", "https://a b"] {
            assert!(public_url(bad).is_err(), "{bad}");
        }
        assert_eq!(origins("http://a, https://b:1"), Ok(vec!["http://a".into(), "https://b:1".into()]));
        assert!(origins("*").is_err());
    }
}
