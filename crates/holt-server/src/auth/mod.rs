//! Who asks, and whether they may.
//!
//! There are no cookies. A request proves itself by the connection (the private socket), by a key in a header, or by a
//! ticket that works once. `gate` looks at every request before anything else does: was it sent to us, and by a page that
//! may. `guard` stands before each route and knows what that route needs; a route cannot be declared without saying so.

mod gate;
mod guard;
pub(crate) mod keyring;
pub(crate) mod secret;
pub(crate) mod sign_in;
pub(crate) mod site;
pub(crate) mod throttle;
pub(crate) mod ticket;

use std::net::IpAddr;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use holt_core::access::{Principal, Scope};

pub(crate) use gate::{Client, authority, gate, is_upgrade};
pub(crate) use guard::{Access, Guard, Pace, guard};
use keyring::{Lease, Proved};

use crate::clock::now;
use crate::error::{ApiError, ApiResult};
use crate::state::App;

/// Who made a request, proved.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub principal: Principal,
    pub lease: Lease,
}

/// The same for the log.
#[derive(Debug, Clone)]
pub(crate) struct Who(pub String);

impl Caller {
    pub fn proved(self) -> Proved {
        Proved { principal: self.principal, lease: self.lease }
    }

    /// Waits until what this caller opened must end: its key is revoked or expired, or the server ends.
    pub fn over(&self, app: &App) -> impl Future<Output = ()> + Send + 'static {
        let (lease, closing) = (self.lease.clone(), app.closing.clone());
        async move {
            tokio::select! {
                () = lease.ended() => {}
                () = closing.cancelled() => {}
            }
        }
    }

    /// Waits until the caller's key opens nothing any more.
    pub fn revoked(&self) -> impl Future<Output = ()> + Send + 'static {
        let lease = self.lease.clone();
        async move { lease.ended().await }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        // Absent only where a route that needs a caller was declared as one that needs none.
        parts.extensions.get::<Self>().cloned().ok_or_else(no_credentials)
    }
}

/// How a request tries to prove itself.
#[derive(Debug, PartialEq, Eq)]
enum Shown<'a> {
    Nothing,
    Key(&'a str),
    /// Something that is not a form of proof here.
    Other,
}

fn shown(headers: &HeaderMap) -> Shown<'_> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let bearer = value.to_str().ok().and_then(|text| text.split_once(' ')).filter(|(s, _)| s.eq_ignore_ascii_case("bearer"));
        return bearer.map_or(Shown::Other, |(_, key)| Shown::Key(key.trim()));
    }
    match headers.get("x-api-key").map(HeaderValue::to_str) {
        None => Shown::Nothing,
        Some(Ok(key)) => Shown::Key(key.trim()),
        Some(Err(_)) => Shown::Other,
    }
}

/// A ticket that was in the query, and the rest of the target. The query itself does not have it any more.
#[derive(Debug, Clone)]
pub(crate) struct ShownTicket {
    pub ticket: String,
    pub target: String,
}

/// Finds out who asks.
pub(crate) async fn prove(app: &App, parts: &Parts) -> ApiResult<Proved> {
    let client = Client::of(parts);
    let Some(address) = client.address else { return Ok(Proved::owner("this machine")) };
    let tried = Instant::now();
    let proved = match (shown(&parts.headers), parts.extensions.get::<ShownTicket>()) {
        (Shown::Key(key), _) => {
            if !app.keyring.is_familiar(key) {
                admit(app, address, tried)?;
            }
            app.keyring.prove(key).await?
        }
        (Shown::Nothing, Some(shown)) => {
            admit(app, address, tried)?;
            app.tickets.spend(&shown.ticket, parts.method.as_str(), &shown.target, now())
        }
        (Shown::Nothing, None) => return Err(no_credentials()),
        (Shown::Other, _) => {
            admit(app, address, tried)?;
            None
        }
    };
    proved.ok_or_else(|| {
        app.throttle.failed(address, tried);
        wrong_credentials()
    })
}

/// Refuses a peer that was wrong too often.
pub(crate) fn admit(app: &App, address: IpAddr, at: Instant) -> ApiResult<()> {
    app.throttle.check(address, at).map_err(|wait| {
        let message = "there were too many wrong keys, codes or tickets from this address";
        let hint = "Wait a little; then check the key, or make a new sign-in link with `holt open`.";
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_failures", message, hint).retry_after(wait.as_secs() + 1)
    })
}

fn no_credentials() -> ApiError {
    let message = "this needs a key";
    let hint = "Send one as `Authorization: Bearer …`; `holt key` makes them, `holt open` signs a browser in.";
    ApiError::new(StatusCode::UNAUTHORIZED, "no_credentials", message, hint)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="holt""#))
}

fn wrong_credentials() -> ApiError {
    let message = "this key or ticket opens nothing: it is wrong, used, expired or revoked";
    let hint = "Make a new key with `holt key`, or a new sign-in link with `holt open`. A ticket works once and for a minute.";
    ApiError::new(StatusCode::UNAUTHORIZED, "bad_credentials", message, hint)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="holt", error="invalid_token""#))
}

pub(crate) fn not_allowed(scope: Scope) -> ApiError {
    let word = scope_word(scope);
    let message = format!("this needs the scope `{word}`");
    let hint = "Use a key that has this scope, or ask whoever runs this Holt for one.";
    let challenge = format!(r#"Bearer realm="holt", error="insufficient_scope", scope="{word}""#);
    let error = ApiError::new(StatusCode::FORBIDDEN, "not_allowed", message, hint);
    match HeaderValue::from_str(&challenge) {
        Ok(value) => error.with(header::WWW_AUTHENTICATE, value),
        Err(_) => error,
    }
}

pub(crate) fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::View => "view",
        Scope::Operate => "operate",
        Scope::Approve => "approve",
        Scope::Admin => "admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_either_header() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let pairs =
                pairs.iter().map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
            pairs.collect::<HeaderMap>()
        };
        assert_eq!(shown(&headers(&[])), Shown::Nothing);
        assert_eq!(shown(&headers(&[("authorization", "Bearer abc")])), Shown::Key("abc"));
        assert_eq!(shown(&headers(&[("authorization", "bearer  abc ")])), Shown::Key("abc"));
        assert_eq!(shown(&headers(&[("x-api-key", "abc")])), Shown::Key("abc"));
        assert_eq!(shown(&headers(&[("authorization", "Basic abc"), ("x-api-key", "abc")])), Shown::Other);
        assert_eq!(shown(&headers(&[("authorization", "abc")])), Shown::Other);
    }
}
