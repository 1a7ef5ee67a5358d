//! Taking over a connection for a desktop's bytes.
//!
//! The handshake is the usual one; what comes after it is `holt_desktop::WebSocket`, which copies no picture.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::{Sink, Stream, StreamExt as _};
use holt_desktop::WebSocket;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::error::ApiError;

/// What viewers ask for, and are told only if they do.
const SUBPROTOCOL: &str = "binary";
/// The one version of the protocol that there is.
const PROTOCOL_VERSION: &[u8] = b"13";

/// A request to go on as a WebSocket, if it is one.
pub(crate) struct Upgrade(Option<Asked>);

struct Asked {
    connection: OnUpgrade,
    answer: Response,
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

fn asked(parts: &mut Parts) -> Option<Asked> {
    let upgrades = names(&parts.headers, &header::CONNECTION, "upgrade") && names(&parts.headers, &header::UPGRADE, "websocket");
    let usual = parts.method == Method::GET && parts.version == Version::HTTP_11 && upgrades;
    let version = parts.headers.get(header::SEC_WEBSOCKET_VERSION)?;
    if !usual || version.as_bytes() != PROTOCOL_VERSION {
        return None;
    }
    let accept = derive_accept_key(parts.headers.get(header::SEC_WEBSOCKET_KEY)?.as_bytes());
    let mut answer = (StatusCode::SWITCHING_PROTOCOLS, Body::empty()).into_response();
    let told = answer.headers_mut();
    told.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    told.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    told.insert(header::SEC_WEBSOCKET_ACCEPT, HeaderValue::try_from(accept).ok()?);
    if names(&parts.headers, &header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        told.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Some(Asked { connection: parts.extensions.remove::<OnUpgrade>()?, answer })
}

/// Whether a header's list has this word.
fn names(headers: &HeaderMap, header: &HeaderName, word: &str) -> bool {
    let lists = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|named| named.trim().eq_ignore_ascii_case(word))
}

impl Upgrade {
    pub fn of(parts: &mut Parts) -> Self {
        Self(asked(parts))
    }

    /// Refuses whoever wants no socket.
    pub fn wanted(&self) -> Result<(), ApiError> {
        let hint = "Connect with a WebSocket client that speaks RFB, such as noVNC, over HTTP/1.1.";
        let message = "this address takes WebSocket connections only";
        let error = ApiError::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message, hint);
        self.0.is_some().then_some(()).ok_or(error)
    }

    /// Agrees. Once the connection is a socket, its bytes are `served`.
    pub fn go_on<Serving>(self, serve: impl FnOnce(Viewer) -> Serving + Send + 'static) -> Result<Response, ApiError>
    where
        Serving: Future<Output = ()> + Send + 'static,
    {
        self.wanted()?;
        let Some(Asked { connection, answer }) = self.0 else { return Ok(StatusCode::UPGRADE_REQUIRED.into_response()) };
        tokio::spawn(async move {
            match connection.await {
                Ok(connection) => serve(Viewer(WebSocket::new(TokioIo::new(connection)))).await,
                Err(error) => tracing::debug!(%error, "a viewer has left before it came"),
            }
        });
        Ok(answer)
    }
}

/// A viewer's connection.
pub(crate) struct Viewer(WebSocket<TokioIo<hyper::upgrade::Upgraded>>);

impl Viewer {
    /// Its bytes, in both directions.
    pub fn bytes(self) -> (impl Stream<Item = Bytes> + Send + Unpin + 'static, impl Sink<Bytes> + Send + Unpin + 'static) {
        let (to, from) = self.0.split();
        (from, to)
    }
}
