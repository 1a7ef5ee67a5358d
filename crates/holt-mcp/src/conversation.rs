//! One connection to a server: what it says that it can do, and calls.
//!
//! Everything has its time: the greeting, the list, each call. What comes back is cut to what the log takes. Whatever happens to
//! the server, a call ends with an outcome that a model can act on.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use holt_core::sandbox::Link;
use holt_core::tool::{CallOutcome, CallStatus, MAX_ARGUMENT_BYTES, ToolContent};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, CancelledNotificationParam, ClientCapabilities, ClientConfig, ClientRequest,
    ContentBlock, Implementation, PaginatedRequestParams, ProtocolVersion, Request, RequestId, ResourceContents, ServerResult,
};
use rmcp::service::{ClientInitializeError, NotificationContext, Peer, PeerRequestOptions, RunningService, serve_client};
use rmcp::transport::IntoTransport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ClientHandler, RoleClient, ServiceError};
use serde_json::{Map, Value};
use tokio::time::timeout;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;

use crate::tools::{Listing, MAX_TOOLS, Said};

/// The longest message of a server. A longer one is dropped, and what waits for it waits in vain.
pub const MAX_MESSAGE_BYTES: usize = 8 * 1024 * 1024;
/// How many pages a list of tools has at most.
const MAX_PAGES: usize = 16;
const GREET_WITHIN: Duration = Duration::from_secs(60);
const LIST_WITHIN: Duration = Duration::from_secs(30);
/// How long a server may take to say goodbye.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);

/// How long a call may take in silence, and in all.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub silence: Duration,
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { silence: Duration::from_secs(120), whole: Duration::from_secs(1800) }
    }
}

/// Why a server cannot be talked to. The text is for people and models, and has nothing secret in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("it did not start: {0}")]
    NotStarted(String),
    #[error("it needs a login, or the one that it was given is wrong")]
    Login,
    #[error("it did not answer in time")]
    Late,
    #[error("it does not speak MCP: {0}")]
    NotMcp(String),
    #[error("it is gone")]
    Gone,
}

/// Holt, as a server meets it.
struct Host {
    /// The server said that its tools are others now.
    changed: Arc<AtomicBool>,
}

impl ClientHandler for Host {
    /// Nothing is offered to a server: no questions to models or people, no directories.
    fn get_info(&self) -> ClientConfig {
        let holt = Implementation::new("holt", env!("CARGO_PKG_VERSION"));
        // Later versions have no greeting in which a version is named.
        ClientConfig::new(ClientCapabilities::default(), holt).with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changed.store(true, Ordering::Release);
    }
}

/// A connection that has been greeted.
pub struct Conversation {
    running: RunningService<RoleClient, Host>,
    changed: Arc<AtomicBool>,
    /// A call has found it gone.
    lost: AtomicBool,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("over", &self.is_over()).finish_non_exhaustive()
    }
}

impl Conversation {
    /// Talks with a program over its standard streams.
    ///
    /// # Errors
    /// When it does not answer as a server does.
    pub fn with_program(link: Box<dyn Link>) -> BoxFuture<'static, Result<Self, Failure>> {
        let (read, write) = tokio::io::split(link.compat());
        Box::pin(Self::begin(AsyncRwTransport::new_client(read, write).with_max_line_length(MAX_MESSAGE_BYTES)))
    }

    /// Talks over what carries messages.
    ///
    /// # Errors
    /// When the other side does not answer as a server does.
    pub async fn begin<T, E, A>(transport: T) -> Result<Self, Failure>
    where
        T: IntoTransport<RoleClient, E, A>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let changed = Arc::new(AtomicBool::new(false));
        let host = Host { changed: Arc::clone(&changed) };
        match timeout(GREET_WITHIN, serve_client(host, transport)).await {
            Ok(Ok(running)) => Ok(Self { running, changed, lost: AtomicBool::new(false) }),
            Ok(Err(error)) => Err(not_greeted(&error)),
            Err(_) => Err(Failure::Late),
        }
    }

    pub fn is_over(&self) -> bool {
        self.lost.load(Ordering::Acquire) || self.running.is_closed() || self.running.peer().is_transport_closed()
    }

    /// Whether it has said, since this was last asked, that its tools are others now.
    pub fn has_changed(&self) -> bool {
        self.changed.swap(false, Ordering::AcqRel)
    }

    /// What it says that it can do.
    ///
    /// # Errors
    /// When it does not say.
    pub async fn list(&self) -> Result<Listing, Failure> {
        if self.running.peer().peer_info().is_some_and(|info| info.capabilities.tools.is_none()) {
            return Ok(Listing::default());
        }
        self.in_time(LIST_WITHIN, self.pages()).await.map(Listing::of)
    }

    async fn pages(&self) -> Result<Vec<Said>, ServiceError> {
        let (mut said, mut cursor) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let page = PaginatedRequestParams::default().with_cursor(cursor);
            let page = self.running.peer().list_tools(Some(page)).await?;
            // Those beyond are only counted.
            said.extend(page.tools.into_iter().take(4 * MAX_TOOLS).map(into_said));
            cursor = page.next_cursor;
            if cursor.is_none() || said.len() > 4 * MAX_TOOLS {
                break;
            }
        }
        Ok(said)
    }

    /// Calls a tool. Dropped before its end, the server is told to stop.
    pub async fn call(&self, tool: &str, arguments: Map<String, Value>, patience: Patience) -> CallOutcome {
        if Value::Object(arguments.clone()).to_string().len() > MAX_ARGUMENT_BYTES {
            return CallOutcome::text(CallStatus::Failed, "Nothing was sent: the arguments are too long for a tool.");
        }
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(Request::new(params));
        let options =
            PeerRequestOptions::with_timeout(patience.silence).reset_timeout_on_progress().with_max_total_timeout(patience.whole);
        let handle = match self.running.peer().send_request_with_option(request, options).await {
            Ok(handle) => handle,
            Err(error) => return self.went_wrong(tool, &error),
        };
        let mut unheard = Unheard { peer: self.running.peer().clone(), request: Some(handle.id.clone()) };
        let response = handle.await_response().await;
        unheard.request = None;
        match response {
            Ok(ServerResult::CallToolResult(result)) => outcome(result),
            Ok(_) => CallOutcome::text(CallStatus::Failed, "The server answered with something that is no result of a tool."),
            Err(error) => self.went_wrong(tool, &error),
        }
    }

    fn went_wrong(&self, tool: &str, error: &ServiceError) -> CallOutcome {
        if matches!(error, ServiceError::TransportClosed | ServiceError::TransportSend(_)) {
            self.lost.store(true, Ordering::Release);
        }
        went_wrong(tool, error)
    }

    async fn in_time<T>(&self, within: Duration, asked: impl Future<Output = Result<T, ServiceError>>) -> Result<T, Failure> {
        match timeout(within, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(ServiceError::TransportClosed)) => Err(Failure::Gone),
            Ok(Err(error)) => Err(Failure::NotMcp(words(&error.to_string()))),
            Err(_) => Err(Failure::Late),
        }
    }

    /// Says goodbye, and does not wait for long.
    pub async fn end(mut self) {
        let _ = self.running.close_with_timeout(LEAVE_WITHIN).await;
    }
}

/// A request whose answer nobody waits for any more: the server is told.
struct Unheard {
    peer: Peer<RoleClient>,
    request: Option<RequestId>,
}

impl Drop for Unheard {
    fn drop(&mut self) {
        let Some(request) = self.request.take() else { return };
        let peer = self.peer.clone();
        let note = CancelledNotificationParam::new(Some(request), Some("nobody waits for it any more".into()));
        // Ends with the conversation at the latest.
        tokio::spawn(async move { peer.notify_cancelled(note).await });
    }
}

fn not_greeted(error: &ClientInitializeError) -> Failure {
    if error.is_authorization_required() {
        return Failure::Login;
    }
    match error {
        ClientInitializeError::ConnectionClosed(_) => {
            Failure::NotStarted("it ended before it said anything; its command, its arguments or a secret may be wrong".into())
        }
        other => Failure::NotMcp(words(&other.to_string())),
    }
}

fn into_said(tool: rmcp::model::Tool) -> Said {
    let says_reads_only = tool.annotations.as_ref().and_then(|hints| hints.read_only_hint).unwrap_or(false);
    let schema = Map::clone(&tool.input_schema);
    Said { name: tool.name.into_owned(), description: tool.description.unwrap_or_default().into_owned(), schema, says_reads_only }
}

fn outcome(result: CallToolResult) -> CallOutcome {
    let status = if result.is_error == Some(true) { CallStatus::Failed } else { CallStatus::Succeeded };
    let mut content: Vec<ToolContent> = result.content.into_iter().take(256).map(part).collect();
    // Structured facts are nearly always in the text too; where there is no text, they are all there is.
    if let (true, Some(facts)) = (content.is_empty(), &result.structured_content) {
        content.push(ToolContent::Text { text: facts.to_string() });
    }
    if content.is_empty() {
        content.push(ToolContent::Text { text: "(The tool answered nothing.)".into() });
    }
    CallOutcome { status, content, details: None }.bounded()
}

fn part(block: ContentBlock) -> ToolContent {
    let text = match block {
        ContentBlock::Text(text) => text.text,
        ContentBlock::Image(image) if is_picture(&image.mime_type) => {
            return ToolContent::Image { media_type: image.mime_type, data: image.data };
        }
        ContentBlock::Resource(resource) => match resource.resource {
            ResourceContents::TextResourceContents { text, uri, .. } => format!("{uri}:\n{text}"),
            ResourceContents::BlobResourceContents { uri, blob, .. } => {
                format!("[{uri}: {} bytes of base64, left out]", blob.len())
            }
            _ => "[something that Holt does not know, left out]".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("[{}]", link.uri),
        ContentBlock::Audio(audio) => format!("[sound, {}, left out]", audio.mime_type),
        _ => "[something that Holt does not know, left out]".to_owned(),
    };
    ToolContent::Text { text }
}

fn is_picture(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

fn went_wrong(tool: &str, error: &ServiceError) -> CallOutcome {
    match error {
        ServiceError::TransportClosed | ServiceError::TransportSend(_) => CallOutcome::text(
            CallStatus::Interrupted,
            format!(
                "The server of `{tool}` ended while this ran; how far it came is not known. It is started again for the next call."
            ),
        ),
        ServiceError::Timeout { timeout } => CallOutcome::text(
            CallStatus::Failed,
            format!("`{tool}` was given up: it said nothing for {} seconds. How far it came is not known.", timeout.as_secs()),
        ),
        ServiceError::Cancelled { .. } => CallOutcome::text(CallStatus::Cancelled, "The call was cancelled."),
        ServiceError::McpError(error) => {
            CallOutcome::text(CallStatus::Failed, format!("The server refused the call: {}", words(&error.message)))
        }
        other => CallOutcome::text(CallStatus::Failed, format!("The call went wrong: {}", words(&other.to_string()))),
    }
}

/// A server's words in a sentence of ours: one line, and short.
fn words(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}
