//! Where previews have origins of their own: beside `localhost`, or below a domain that the configuration names.

use axum::http::StatusCode;

use crate::auth::site::{Authority, Host};
use crate::error::{ApiError, ApiResult};

const LOCAL: &str = "localhost";

/// A domain all of whose subdomains lead here: its name, and its port where that is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    name: String,
    port: Option<u16>,
}

impl Domain {
    /// `preview.holt.example`, with or without a port.
    pub fn parse(text: &str) -> Option<Self> {
        let Authority { host: Host::Name(name), port } = Authority::parse(text)? else { return None };
        (name != LOCAL && name.contains('.')).then_some(Self { name, port })
    }
}

/// What a preview's name stands below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub tls: bool,
    parent: String,
    port: Option<u16>,
}

impl Place {
    /// Where somebody who came to `authority` finds previews.
    pub fn of(authority: &Authority, tls: bool, domain: Option<&Domain>) -> ApiResult<Self> {
        let is_local = match &authority.host {
            Host::Name(name) => name == LOCAL,
            Host::Address(address) => address.to_canonical().is_loopback(),
        };
        match domain {
            _ if is_local => Ok(Self { tls, parent: LOCAL.into(), port: authority.port }),
            Some(domain) => Ok(Self { tls, parent: domain.name.clone(), port: domain.port }),
            None => Err(nowhere()),
        }
    }

    pub fn origin(&self, label: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{label}.{}{port}", self.parent)
    }

    /// The part of a name that stands below a place of previews.
    pub fn label<'a>(host: &'a Host, domain: Option<&Domain>) -> Option<&'a str> {
        let Host::Name(name) = host else { return None };
        let below = |parent: &str| name.strip_suffix(parent)?.strip_suffix('.');
        below(LOCAL).or_else(|| below(&domain?.name))
    }
}

fn nowhere() -> ApiError {
    let message = "a preview needs an origin of its own, and none can be had at this address";
    let hint = "Open Holt as localhost, or set `preview_domain` to a domain whose subdomains all lead to this server.";
    ApiError::new(StatusCode::CONFLICT, "preview_origin_missing", message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: &str, domain: Option<&str>) -> Result<String, String> {
        let domain = domain.map(|domain| Domain::parse(domain).unwrap());
        let place = Place::of(&Authority::parse(host).unwrap(), false, domain.as_ref());
        place.map(|place| place.origin("x")).map_err(|error| error.code.into_owned())
    }

    #[test]
    fn there_is_one_beside_localhost_and_elsewhere_only_where_it_is_configured() {
        for host in ["localhost:9090", "127.0.0.1:9090", "[::1]:9090"] {
            assert_eq!(place(host, None).unwrap(), "http://x.localhost:9090");
        }
        assert_eq!(place("holt.example", None).unwrap_err(), "preview_origin_missing");
        assert_eq!(place("192.168.1.5:9090", None).unwrap_err(), "preview_origin_missing");
        assert_eq!(place("holt.example", Some("p.example:8443")).unwrap(), "http://x.p.example:8443");
        assert_eq!(place("localhost:1", Some("p.example")).unwrap(), "http://x.localhost:1");
        for wrong in ["localhost", "127.0.0.1", "*.p.example", "example", "https://p.example"] {
            assert_eq!(Domain::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_names_directly_below_are_of_previews() {
        let domain = Domain::parse("p.example").unwrap();
        let label = |host: &str| Place::label(&Authority::parse(host).unwrap().host, Some(&domain)).map(str::to_owned);
        assert_eq!(label("abc.localhost:9090").as_deref(), Some("abc"));
        assert_eq!(label("ABC.p.example").as_deref(), Some("abc"));
        for other in ["localhost", "p.example", "xlocalhost", "a.localhost.evil.example", "127.0.0.1"] {
            assert_eq!(label(other), None, "{other}");
        }
        assert_eq!(label("a.b.localhost").as_deref(), Some("a.b"), "which is nobody's label");
    }
}
