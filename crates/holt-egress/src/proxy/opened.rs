//! Connections to hosts that Holt has a secret for: opened up, so that the secret can be added outside.
//!
//! Inside, Holt answers in the host's name; outside, it is a client like any other and the host has to prove itself. Nothing
//! but HTTP goes through, and every request must be for the very host that was asked for.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hyper::body::Incoming;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::Visit;
use super::http::{Answer, forward, refuse};
use crate::refusal::Refusal;
use crate::target::{Host, Name, Target};

/// What is added to requests for one host. The sandbox never sees it.
#[derive(Clone)]
pub struct Injected {
    pub name: HeaderName,
    pub value: HeaderValue,
}

impl std::fmt::Debug for Injected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Injected").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Injected {
    /// From how it is kept: `Name: value`, or a token alone for `Authorization: Bearer`.
    pub fn read(secret: &str) -> Option<Self> {
        let secret = Some(secret.trim()).filter(|secret| !secret.is_empty())?;
        let (name, value) = match secret.split_once(':') {
            Some((name, value)) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
                (name.parse().ok()?, value.trim().to_owned())
            }
            _ => (hyper::header::AUTHORIZATION, format!("Bearer {secret}")),
        };
        // What says where a request goes, or how long it is, is not for secrets.
        let is_of_the_way = matches!(name.as_str(), "host" | "content-length" | "transfer-encoding" | "connection" | "upgrade");
        let mut value = HeaderValue::from_str(&value).ok().filter(|value| !value.is_empty() && !is_of_the_way)?;
        value.set_sensitive(true);
        Some(Self { name, value })
    }
}

/// Serves one connection that was let out to `target`, over `inside`; the first request goes over `outside`.
pub async fn run<S>(visit: &Visit, target: &Target, injected: Injected, inside: S, outside: TcpStream) -> Result<(), Refusal>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let Host::Name(name) = &target.host else { return Err(Refusal::NotTls) };
    let config = visit.client.signer.as_ref().and_then(|signer| signer.server(name).ok()).ok_or(Refusal::NotTls)?;
    let accepted = timeout(visit.proxy.limits.hello, TlsAcceptor::from(config).accept(inside)).await;
    let inside = accepted.map_err(|_| Refusal::NotTls)?.map_err(|_| Refusal::NotTls)?;
    let said = inside.get_ref().1.server_name().and_then(|said| said.parse::<Name>().ok());
    match said {
        None => return Err(Refusal::NoName),
        Some(said) if said != *name => return Err(Refusal::OtherName),
        Some(_) => {}
    }
    let first = Arc::new(Mutex::new(Some(outside)));
    let service = service_fn(move |request| {
        let (visit, target, injected, first) = (visit.clone(), target.clone(), injected.clone(), Arc::clone(&first));
        async move {
            let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            let answered = respond(&visit, &target, injected, request, first).await;
            Ok::<_, Infallible>(answered.unwrap_or_else(|refusal| refuse(Some(&target), refusal)))
        }
    });
    let limits = &visit.proxy.limits;
    let mut connection = hyper::server::conn::http1::Builder::new();
    connection.timer(TokioTimer::new()).header_read_timeout(limits.asking).max_buf_size(limits.head.max(8192)).half_close(true);
    // A broken connection has nobody left to be told.
    let _ = connection.serve_connection(TokioIo::new(inside), service).await;
    Ok(())
}

async fn respond(
    visit: &Visit,
    target: &Target,
    injected: Injected,
    mut request: Request<Incoming>,
    first: Option<TcpStream>,
) -> Result<Answer, Refusal> {
    if request.method() == Method::CONNECT || request.uri().authority().is_some() {
        return Err(Refusal::NotUnderstood);
    }
    let asked = request.headers().get_all(HOST).iter().collect::<Vec<_>>();
    let [asked] = asked[..] else { return Err(Refusal::OtherName) };
    if !names(asked, target) {
        return Err(Refusal::OtherName);
    }
    let host = asked.clone();
    let outside = match first {
        Some(outside) => outside,
        // Asked again each time: what was allowed may not be any more.
        None => visit.reach(target).await?,
    };
    let outside = timeout(visit.proxy.limits.hello, secure(target, outside)).await.map_err(|_| Refusal::Late)??;
    request.headers_mut().insert(injected.name, injected.value);
    forward(request, outside, Some(host)).await.map_err(|_| Refusal::Unreachable)
}

/// Whether a `Host` is the one that was asked for.
fn names(asked: &HeaderValue, target: &Target) -> bool {
    let Ok(asked) = asked.to_str() else { return false };
    let whole = if asked.contains(':') { asked.parse::<Target>() } else { format!("{asked}:443").parse() };
    whole.is_ok_and(|asked| asked == *target)
}

async fn secure(target: &Target, outside: TcpStream) -> Result<TlsStream<TcpStream>, Refusal> {
    let Host::Name(name) = &target.host else { return Err(Refusal::NotTls) };
    let name = ServerName::try_from(name.as_str().to_owned()).map_err(|_| Refusal::NoName)?;
    let connector = TlsConnector::from(config().ok_or(Refusal::Unproven)?);
    connector.connect(name, outside).await.map_err(|_| Refusal::Unproven)
}

/// Made once: it reads what the machine trusts.
fn config() -> Option<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Option<Arc<ClientConfig>>> = OnceLock::new();
    let make = || {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Some(Arc::new(config))
    };
    CONFIG.get_or_init(make).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_header_or_a_token() {
        let read = |text: &str| Injected::read(text).map(|one| format!("{}: {}", one.name, one.value.to_str().unwrap()));
        assert_eq!(read("ghp_x\n").as_deref(), Some("authorization: Bearer ghp_x"));
        assert_eq!(read("PRIVATE-TOKEN: glpat").as_deref(), Some("private-token: glpat"));
        assert_eq!(read("Authorization: Basic a:b").as_deref(), Some("authorization: Basic a:b"));
        for wrong in ["", "Host: x", "Content-Length: 1", "X-A: b\nc: d", "X-A:"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
        assert!(!format!("{:?}", Injected::read("ghp_x")).contains("ghp_x"));
    }

    #[test]
    fn a_request_names_the_very_host_that_was_asked_for() {
        let is = |asked: &str, target: &str| names(&HeaderValue::from_str(asked).unwrap(), &target.parse().unwrap());
        assert!(
            is("a.example", "a.example:443") && is("A.example:443", "a.example:443") && is("a.example:8443", "a.example:8443")
        );
        assert!(!is("b.example", "a.example:443") && !is("a.example", "a.example:8443") && !is("", "a.example:443"));
    }
}
