//! Where requests go: an address that a key may be sent to, and the client that sends it nowhere else.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use holt_core::model::ModelError;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::ConfigError;
use crate::options::Options;

/// The address that all of a provider's begin with.
pub(crate) fn base(options: &Options) -> Result<Url, ConfigError> {
    let text = format!("{}/", options.base_url.trim().trim_end_matches('/'));
    let url =
        Url::parse(&text).map_err(|error| ConfigError::new(format!("`{}` is not an address: {error}", options.base_url)))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::new("the provider's address must not contain a name or password; give the key by itself"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::new("the provider's address ends with its path: no `?` and no `#`"));
    }
    if host_address(&url).is_some_and(is_never_a_provider) {
        return Err(ConfigError::new(format!("`{}` is no address of a provider", options.base_url)));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) || options.key().is_none() || options.allow_plain_http => Ok(url),
        "http" => Err(ConfigError::new(format!(
            "`{}` would carry the key unencrypted beyond this machine; use https",
            options.base_url
        ))),
        other => Err(ConfigError::new(format!("`{other}` is not a scheme that a provider can be reached by; use https"))),
    }
}

/// A place below the provider's address.
pub(crate) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path()));
    url
}

fn host_address(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str() == Some("localhost") || host_address(url).is_some_and(|address| address.is_loopback())
}

/// Where clouds keep what they tell machines about themselves, and what is no address of one machine.
fn is_never_a_provider(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast() || v4.is_multicast(),
        IpAddr::V6(v6) => {
            v6.to_ipv4_mapped().is_some_and(|v4| is_never_a_provider(v4.into()))
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unicast_link_local()
                || v6.segments()[..2] == [0xfd00, 0x0ec2]
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(v6.is_loopback() || v6.is_unique_local(), |v4| is_private(v4.into())),
    }
}

/// Finds addresses of names, and leaves out those that no provider has.
struct Checked {
    allow_private: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let may = |address: &SocketAddr| {
                let address = address.ip();
                !is_never_a_provider(address) && (allow_private || !is_private(address))
            };
            let addresses: Vec<SocketAddr> = found.into_iter().filter(may).collect();
            if addresses.is_empty() {
                return Err(format!("`{}` leads to no address that a provider may have", name.as_str()).into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

/// A client for one provider. Redirects are not followed, so that the key stays where it was meant to go.
pub(crate) fn client(options: &Options, base: &Url) -> Result<reqwest::Client, ModelError> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(options.connect_timeout_seconds.max(1)))
        .dns_resolver(Checked { allow_private: options.allow_private || is_loopback(base) })
        .default_headers(headers(options)?);
    if is_loopback(base) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| ModelError::Unreachable(format!("this machine cannot make secure connections: {error}")))
}

fn headers(options: &Options) -> Result<HeaderMap, ModelError> {
    let mut headers = HeaderMap::from_iter([
        (HeaderName::from_static("content-type"), HeaderValue::from_static("application/json")),
        (HeaderName::from_static("user-agent"), HeaderValue::from_static(concat!("holt/", env!("CARGO_PKG_VERSION")))),
    ]);
    for (name, value) in options.wire.protocol().headers() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Some(key) = options.key() {
        let (name, before) = options.wire.protocol().key_header();
        let unusable = |_| ModelError::BadKey("it contains characters that no key has".into());
        let mut value = HeaderValue::from_str(&format!("{before}{key}")).map_err(unusable)?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Wire;

    fn options(base_url: &str) -> Options {
        Options { key: Some("sk-canary".into()), ..Options::new("x", Wire::Anthropic, base_url) }
    }

    fn endpoint(base_url: &str) -> Result<String, String> {
        base(&options(base_url)).map(|url| below(&url, "v1/messages").to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_does_not_travel_in_the_open() {
        assert_eq!(endpoint("https://gate.example/anthropic/").unwrap(), "https://gate.example/anthropic/v1/messages");
        assert!(endpoint("http://127.0.0.1:9000").is_ok());
        assert!(endpoint("http://[::1]:9000").is_ok());
        assert!(endpoint("http://localhost:9000").is_ok());
        assert!(endpoint("http://localhost.example").unwrap_err().contains("unencrypted"));
        assert!(endpoint("http://10.0.0.7").unwrap_err().contains("unencrypted"));
        assert!(endpoint("ftp://gate.example").is_err());
        assert!(endpoint("https://me:secret@gate.example").is_err());
        assert!(endpoint("https://gate.example/?key=secret").is_err());
        assert!(endpoint("not an address").is_err());
        let without_key = Options { key: None, ..options("http://10.0.0.7:11434") };
        assert!(base(&without_key).is_ok(), "there is no key to lose");
    }

    #[test]
    fn what_clouds_tell_machines_is_no_provider() {
        for address in ["http://169.254.169.254", "https://[fe80::1]", "https://0.0.0.0", "https://[::ffff:169.254.169.254]"] {
            assert!(endpoint(address).unwrap_err().contains("no address of a provider"), "{address}");
        }
        assert!(is_private("10.0.0.1".parse().unwrap()) && is_private("::1".parse().unwrap()));
        assert!(!is_private("1.1.1.1".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_followed_only_when_that_was_said() {
        let resolve = |allow_private| Checked { allow_private }.resolve("localhost".parse().unwrap());
        assert!(resolve(true).await.is_ok());
        assert!(resolve(false).await.is_err());
    }

    #[test]
    fn a_key_is_not_printed() {
        assert!(!format!("{:?}", options("https://x.example")).contains("canary"));
    }
}
