//! Serving programs inside: HTTP over a stream, one request after the other.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use holt_core::id::SessionId;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::check::{Checked, check};
use crate::metered::{Account, Hiding, Metered};
use crate::route::{self, Route};
use crate::usage::Meter;
use crate::{House, Provider, Refusal, headers};

/// What one session may have under way, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests of one session.
    pub requests: usize,
    /// Bytes of a request's body: pictures stand in it.
    pub body: usize,
    /// Until a request has come.
    pub asking: Duration,
    /// Until a provider begins to answer, and between two parts of its answer.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { requests: 16, body: 32 * 1024 * 1024, asking: seconds(60), patience: seconds(600) }
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, std::io::Error>>;

/// Serves sandboxes. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    house: Arc<dyn House>,
    limits: Arc<Limits>,
    clients: Arc<Clients>,
    places: Arc<Mutex<HashMap<SessionId, Weak<Semaphore>>>>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Made when first needed: reading the machine's certificates takes time and memory.
#[derive(Debug, Default)]
struct Clients {
    outside: std::sync::OnceLock<reqwest::Client>,
    here: std::sync::OnceLock<reqwest::Client>,
}

impl Gateway {
    pub fn new(house: Arc<dyn House>, limits: Limits) -> Self {
        Self { house, limits: Arc::new(limits), clients: Arc::default(), places: Arc::default() }
    }

    /// Serves one connection from a session's sandbox, which has to show this token, until it ends.
    pub async fn serve<S>(&self, session: SessionId, token: &str, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let visit = Visit { gateway: self.clone(), session, token: token.into(), places: self.places(session) };
        let service = service_fn(move |request| {
            let visit = visit.clone();
            async move { Ok::<_, Infallible>(visit.respond(request).await) }
        });
        let mut connection = hyper::server::conn::http1::Builder::new();
        // Whoever closes its side has gone: the provider is stopped, however long it would be silent.
        connection.timer(TokioTimer::new()).header_read_timeout(self.limits.asking).half_close(false);
        // A broken connection has nobody left to be told.
        let _ = connection.serve_connection(TokioIo::new(stream), service).await;
    }

    fn places(&self, session: SessionId) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = places.get(&session).and_then(Weak::upgrade) {
            return places;
        }
        places.retain(|_, places| places.strong_count() > 0);
        let own = Arc::new(Semaphore::new(self.limits.requests));
        places.insert(session, Arc::downgrade(&own));
        own
    }

    /// One that goes the machine's own way out, and one for models on this machine.
    fn client(&self, address: &reqwest::Url) -> Result<&reqwest::Client, Refusal> {
        let is_here = match address.host_str() {
            Some("localhost") => true,
            Some(host) => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()),
            None => false,
        };
        let kept = if is_here { &self.clients.here } else { &self.clients.outside };
        if let Some(client) = kept.get() {
            return Ok(client);
        }
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(20))
            .tcp_nodelay(true);
        if is_here {
            builder = builder.no_proxy();
        }
        let made = builder.build().map_err(|_| Refusal::Unreachable)?;
        Ok(kept.get_or_init(|| made))
    }
}

/// One connection.
#[derive(Clone)]
struct Visit {
    gateway: Gateway,
    session: SessionId,
    token: Arc<str>,
    places: Arc<Semaphore>,
}

impl Visit {
    async fn respond(&self, request: Request<Incoming>) -> Answer {
        let provider = route::provider(request.uri().path()).map_or(Provider::OpenAi, |(provider, _)| provider);
        match self.pass(request).await {
            Ok(answer) => answer,
            Err(refusal) => {
                tracing::debug!(session = %self.session, code = refusal.code(), %refusal, "a request to a model was not passed on");
                refuse(provider, &refusal)
            }
        }
    }

    async fn pass(&self, request: Request<Incoming>) -> Result<Answer, Refusal> {
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default();
        self.check_token(headers::token(&parts.headers).or_else(|| route::token(query)))?;
        let route = route::find(parts.method.as_str(), parts.uri.path(), query)?;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refusal::TooMany)?;
        let checked = if route.action.has_body() {
            if !headers::is_json(&parts.headers) {
                return Err(Refusal::MediaType);
            }
            Some(check(route.action, self.read(body).await?)?)
        } else {
            None
        };
        if let Some(bound) = self.gateway.house.refused(self.session).await.map_err(|()| Refusal::Unavailable)? {
            return Err(Refusal::Budget(bound));
        }
        self.forward(route, parts.headers, checked, place).await
    }

    fn check_token(&self, shown: Option<&str>) -> Result<(), Refusal> {
        let is_own = shown.is_some_and(|shown| bool::from(shown.as_bytes().ct_eq(self.token.as_bytes())));
        // A sandbox of another version may have none; then nobody has shown it.
        if is_own && !self.token.is_empty() { Ok(()) } else { Err(Refusal::Token) }
    }

    async fn read(&self, body: Incoming) -> Result<Vec<u8>, Refusal> {
        let most = self.gateway.limits.body;
        let whole = timeout(self.gateway.limits.asking, Limited::new(body, most).collect()).await.map_err(|_| Refusal::Slow)?;
        match whole {
            Ok(whole) => Ok(whole.to_bytes().into()),
            Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge(most)),
            Err(_) => Err(Refusal::Slow),
        }
    }

    async fn forward(
        &self,
        route: Route,
        from: hyper::HeaderMap,
        checked: Option<Checked>,
        place: OwnedSemaphorePermit,
    ) -> Result<Answer, Refusal> {
        let Route { provider, action, path, model } = route;
        let upstream = self.gateway.house.upstream(provider).await.ok_or(Refusal::NoKey(provider.as_str()))?;
        let address = reqwest::Url::parse(&format!("{}{path}", upstream.address)).map_err(|_| Refusal::Unreachable)?;
        let headers = headers::onward(provider, &from, &upstream.key).ok_or(Refusal::NoKey(provider.as_str()))?;
        let client = self.gateway.client(&address)?;
        let (model, hides_usage, request) = match checked {
            Some(Checked { bytes, model: named, hides_usage }) => {
                (model.or(named), hides_usage, client.post(address).body(bytes))
            }
            None => (model, false, client.get(address)),
        };
        let patience = self.gateway.limits.patience;
        let answer = timeout(patience, request.headers(headers).send()).await.map_err(|_| Refusal::Late)?;
        let answer = answer.map_err(|error| {
            // What it says names the address, which is the house's business.
            tracing::warn!(provider = provider.as_str(), error = %error.without_url(), "a provider could not be reached");
            Refusal::Unreachable
        })?;
        let is_stream =
            answer.headers().get(CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/event-stream"));
        let account = || Account {
            house: Arc::clone(&self.gateway.house),
            session: self.session,
            provider,
            model: model.unwrap_or_default(),
        };
        let is_metered = action.is_metered() && answer.status().is_success();
        let (status, back) = (answer.status(), headers::back(answer.headers()));
        let body = Metered {
            meter: is_metered.then(|| (Meter::new(provider, is_stream), account())),
            hiding: (hides_usage && is_stream).then(Hiding::default),
            body: answer.bytes_stream().map(|piece| piece.map_err(|_| std::io::ErrorKind::BrokenPipe.into())).boxed(),
            idle: Metered::idle(patience),
            patience,
            _place: place,
        };
        let mut response = Response::new(UnsyncBoxBody::new(body));
        (*response.status_mut(), *response.headers_mut()) = (status, back);
        Ok(response)
    }
}

fn refuse(provider: Provider, refusal: &Refusal) -> Answer {
    let body = Full::from(refusal.body(provider).to_string()).map_err(|never| match never {});
    let mut response = Response::new(UnsyncBoxBody::new(body));
    *response.status_mut() = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
