//! HTTP as proxies speak it: CONNECT, and requests with a whole `http://` address.
//!
//! What one hop says to the next is taken out of both the request and the answer. Each request has a connection of its own to
//! the host; the one from inside is used for the next.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Either;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::Visit;
use crate::refusal::Refusal;
use crate::target::{NotATarget, Target};

/// What one hop says to the next.
const OF_ONE_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const REFUSED: HeaderName = HeaderName::from_static("x-holt-refused");

pub type Answer = Response<Either<Full<Bytes>, Driven>>;

/// A tunnel that begins when the answer to CONNECT has gone.
type Tunnel = Arc<Mutex<Option<(Target, TcpStream, OnUpgrade)>>>;

/// How much is read before somebody wants it.
const AHEAD: usize = 16 * 1024;

/// Serves one connection: requests, or a tunnel.
///
/// It is read ahead, because whoever waits for an answer reads nothing: a program that has left is noticed all the same, and a host
/// that says nothing does not keep its place for long.
pub async fn serve<S>(visit: Visit, stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut from, to) = tokio::io::split(stream);
    let (read, mut ahead) = tokio::io::simplex(AHEAD);
    let (activity, half_closed) = (visit.activity.clone(), visit.proxy.limits.half_closed);
    let read_ahead = async {
        let copied = tokio::io::copy(&mut from, &mut ahead).await;
        activity.shorten(half_closed);
        let _ = ahead.shutdown().await;
        if copied.is_ok() {
            // It may still want to hear the answer.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = read_ahead => {}
        () = converse(visit, tokio::io::join(read, to)) => {}
    }
}

async fn converse<S>(visit: Visit, stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let tunnel = Tunnel::default();
    let service = {
        let (visit, tunnel) = (visit.clone(), Arc::clone(&tunnel));
        service_fn(move |request| {
            let (visit, tunnel) = (visit.clone(), Arc::clone(&tunnel));
            async move { Ok::<_, Infallible>(respond(&visit, request, &tunnel).await) }
        })
    };
    let limits = &visit.proxy.limits;
    let mut connection = hyper::server::conn::http1::Builder::new();
    connection.timer(TokioTimer::new()).header_read_timeout(limits.asking).max_buf_size(limits.head.max(8192)).half_close(true);
    // A broken connection has nobody left to be told.
    let _ = connection.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    let begun = tunnel.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((target, outside, upgrade)) = begun else { return };
    if let Ok(inside) = upgrade.await {
        visit.tunnel(&target, TokioIo::new(inside), outside).await;
    }
}

async fn respond(visit: &Visit, request: Request<Incoming>, tunnel: &Tunnel) -> Answer {
    let asked = if request.method() == Method::CONNECT { connect_target(request.uri()) } else { plain_target(request.uri()) };
    let Ok(target) = asked else { return refuse(None, Refusal::NotUnderstood) };
    let outside = match visit.reach(&target).await {
        Ok(outside) => outside,
        Err(refusal) => return refuse(Some(&target), refusal),
    };
    if request.method() != Method::CONNECT {
        let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
        return forward(request, outside, host).await.unwrap_or_else(|_| refuse(Some(&target), Refusal::Unreachable));
    }
    let upgrade = hyper::upgrade::on(request);
    tunnel.lock().unwrap_or_else(PoisonError::into_inner).replace((target, outside, upgrade));
    Response::new(Either::Left(Full::default()))
}

fn connect_target(uri: &Uri) -> Result<Target, NotATarget> {
    uri.authority()
        .filter(|authority| uri.scheme().is_none() && !authority.as_str().contains('@'))
        .ok_or(NotATarget)?
        .as_str()
        .parse()
}

fn plain_target(uri: &Uri) -> Result<Target, NotATarget> {
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or(NotATarget)?;
    if uri.scheme_str() != Some("http") {
        return Err(NotATarget);
    }
    let port = authority.port().map_or(Ok(80), |port| port.as_str().parse().map_err(|_| NotATarget))?;
    // Read again as a whole, so that what is judged is what is dialled.
    format!("{}:{port}", authority.host()).parse()
}

/// Passes a request on, and its answer back.
pub async fn forward<S>(mut request: Request<Incoming>, outside: S, host: Option<HeaderValue>) -> hyper::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse();
    keep_for_this_hop(request.headers_mut());
    // It has been answered already.
    request.headers_mut().remove(EXPECT);
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
    if let Ok(path) = path {
        *request.uri_mut() = path;
    }
    *request.version_mut() = Version::HTTP_11;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(outside)).await?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let mut response = sender.send_request(request).await?;
    keep_for_this_hop(response.headers_mut());
    Ok(response.map(|body| Either::Right(Driven { body, _connection: connection })))
}

/// Takes out what was meant for this hop alone.
fn keep_for_this_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> = named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    for name in named {
        // How long a body is must not depend on it.
        if name != hyper::header::CONTENT_LENGTH && name != HOST {
            headers.remove(name);
        }
    }
    for name in OF_ONE_HOP {
        headers.remove(name);
    }
}

/// The body of an answer, with the connection that it comes over.
pub struct Driven {
    body: Incoming,
    _connection: AbortOnDropHandle<()>,
}

impl Body for Driven {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pub fn refuse(target: Option<&Target>, refusal: Refusal) -> Answer {
    let status = match refusal {
        Refusal::NotUnderstood => StatusCode::BAD_REQUEST,
        Refusal::TooMany => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::NoSuchHost | Refusal::Unreachable => StatusCode::BAD_GATEWAY,
        Refusal::Late => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::FORBIDDEN,
    };
    let what = target.map_or_else(|| "the request".to_owned(), ToString::to_string);
    let text = format!("Holt did not pass on {what}: {refusal}. {} ({})\n", refusal.hint(), refusal.code());
    let mut response = Response::new(Either::Left(Full::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(REFUSED, HeaderValue::from_static(refusal.code()));
    response
}
