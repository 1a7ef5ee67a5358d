//! Servers that are reached over streamable HTTP, through whatever checks addresses.
//!
//! Addresses are looked up by somebody who refuses those of this machine and its networks; redirects are not followed, no proxy
//! of the environment is used, and every answer is bounded.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt as _};
use http::header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, RequestBuilder, Response};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, SseError, StreamableHttpClient, StreamableHttpClientTransportConfig, StreamableHttpError,
    StreamableHttpPostResponse,
};
use sse_stream::{Sse, SseStream};
use url::{Host, Url};

use crate::conversation::{Conversation, Failure, MAX_MESSAGE_BYTES};

const CONNECT_WITHIN: Duration = Duration::from_secs(20);
const SESSION: &str = "mcp-session-id";
const LAST_EVENT: &str = "last-event-id";
const BOTH: &str = "application/json, text/event-stream";

/// Finds addresses that may be dialled.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The addresses of a host, those alone that may be reached; else why there are none, in words for people.
    async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String>;
}

/// Reaches a server at an address.
///
/// # Errors
/// When it may not be reached, or does not answer as a server does.
pub fn reach(
    lookup: Arc<dyn Lookup>,
    url: Url,
    headers: HashMap<String, String>,
) -> BoxFuture<'static, Result<Conversation, Failure>> {
    Box::pin(connect(lookup, url, headers))
}

async fn connect(lookup: Arc<dyn Lookup>, url: Url, headers: HashMap<String, String>) -> Result<Conversation, Failure> {
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return Err(Failure::NotStarted("its address names no host".into()));
    };
    let name = match host {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => format!("[{address}]"),
    };
    // Asked first: why not is told in words, and an address that is written as one is looked up by nobody else.
    let refused = |why: String| Failure::NotStarted(format!("{name} may not be reached: {why}"));
    let found = lookup.look_up(&name, port).await.map_err(refused)?;
    let custom = headers.into_iter().map(|(name, value)| header(&name, &value)).collect::<Result<HashMap<_, _>, _>>()?;
    let resolver = Checked { lookup, name: name.trim_matches(['[', ']']).to_owned(), port };
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_WITHIN)
        .dns_resolver(Arc::new(resolver));
    debug_assert!(!found.is_empty(), "whoever looks up says why when there is none");
    let client = client.build().map_err(|error| Failure::NotStarted(error.to_string()))?;
    let mut set = StreamableHttpClientTransportConfig::with_uri(url.as_str());
    set.custom_headers = custom;
    Conversation::begin(StreamableHttpClientTransport::with_client(Bounded(client), set)).await
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    // The value may be a secret, so it is not told.
    let wrong = || Failure::NotStarted(format!("`{name}` cannot be sent as a header"));
    let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value))
}

/// Looks up one name and no other, at each connection anew.
struct Checked {
    lookup: Arc<dyn Lookup>,
    name: String,
    port: u16,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, port) = (Arc::clone(&self.lookup), self.port);
        let asked = name.as_str().trim_end_matches('.').eq_ignore_ascii_case(self.name.trim_end_matches('.'));
        let name = self.name.clone();
        Box::pin(async move {
            if !asked {
                return Err("another host than that of the server".into());
            }
            let found = lookup.look_up(&name, port).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A client whose every answer is bounded.
#[derive(Clone)]
struct Bounded(Client);

type Problem = StreamableHttpError<reqwest::Error>;

impl Bounded {
    fn dressed(
        &self,
        request: RequestBuilder,
        session: Option<Arc<str>>,
        token: Option<String>,
        custom: HashMap<HeaderName, HeaderValue>,
    ) -> RequestBuilder {
        let request = custom.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let request = match session {
            Some(session) => request.header(SESSION, session.as_ref()),
            None => request,
        };
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// The answer, when it is one that can be read.
fn checked(response: Response, in_session: bool) -> Result<Response, Problem> {
    let status = response.status();
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        return Err(StreamableHttpError::AuthRequired(AuthRequiredError::new(challenge.chars().take(300).collect())));
    }
    if status == StatusCode::NOT_FOUND && in_session {
        return Err(StreamableHttpError::SessionExpired);
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        return Err(StreamableHttpError::ServerDoesNotSupportSse);
    }
    if !status.is_success() {
        return Err(StreamableHttpError::UnexpectedServerResponse(format!("it answers {status}").into()));
    }
    Ok(response)
}

fn kind(response: &Response) -> String {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The bytes of an answer, of which there are not more than so many.
fn bounded(response: Response) -> BoxStream<'static, Result<Bytes, std::io::Error>> {
    let mut left = MAX_MESSAGE_BYTES;
    let pieces = response.bytes_stream().map(move |piece| {
        let piece = piece.map_err(|error| std::io::Error::other(error.without_url().to_string()))?;
        left = left.checked_sub(piece.len()).ok_or_else(|| std::io::Error::other("the server's answer is too long"))?;
        Ok(piece)
    });
    pieces.boxed()
}

async fn whole(response: Response) -> Result<Vec<u8>, Problem> {
    let mut pieces = bounded(response);
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece?);
    }
    Ok(body)
}

impl StreamableHttpClient for Bounded {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Problem> {
        let in_session = session_id.is_some();
        let request = self.0.post(uri.as_ref()).header(ACCEPT, BOTH).json(&message);
        let sent = self.dressed(request, session_id, auth_header, custom_headers).send().await;
        let response = checked(sent.map_err(|error| StreamableHttpError::Client(error.without_url()))?, in_session)?;
        // What asks for nothing has been taken, whatever some servers say to it.
        let asks = matches!(message, ClientJsonRpcMessage::Request(_));
        if !asks || matches!(response.status(), StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        let session = response.headers().get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        match kind(&response).as_str() {
            "text/event-stream" => {
                Ok(StreamableHttpPostResponse::Sse(SseStream::from_bytes_stream(bounded(response)).boxed(), session))
            }
            "application/json" => {
                let body = whole(response).await?;
                if body.is_empty() && !matches!(message, ClientJsonRpcMessage::Request(_)) {
                    return Ok(StreamableHttpPostResponse::Accepted);
                }
                let message: ServerJsonRpcMessage = serde_json::from_slice(&body)?;
                Ok(StreamableHttpPostResponse::Json(message, session))
            }
            _ if !matches!(message, ClientJsonRpcMessage::Request(_)) => Ok(StreamableHttpPostResponse::Accepted),
            other => Err(StreamableHttpError::UnexpectedContentType(Some(other.chars().take(100).collect()))),
        }
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Problem> {
        let request = self.dressed(self.0.delete(uri.as_ref()), Some(session_id), auth_header, custom_headers);
        // Whether it is glad of that is the server's affair.
        request.send().await.map(drop).map_err(|error| StreamableHttpError::Client(error.without_url()))
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Problem> {
        let request = self.0.get(uri.as_ref()).header(ACCEPT, BOTH);
        let request = match last_event_id {
            Some(id) => request.header(LAST_EVENT, id),
            None => request,
        };
        let in_session = session_id.is_some();
        let sent = self.dressed(request, session_id, auth_header, custom_headers).send().await;
        let response = checked(sent.map_err(|error| StreamableHttpError::Client(error.without_url()))?, in_session)?;
        if kind(&response) != "text/event-stream" {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        Ok(SseStream::from_bytes_stream(bounded(response)).boxed())
    }
}
