//! The MCP server: takes calls from the stream, and tells what the browser has open.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use holt_toolbox::ServeError;
use holt_toolbox::answer::{Failure, answered, described, refused};
use holt_toolbox::catalogue::{BadCall, Call, catalogue};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CustomNotification, Implementation, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerConfig, ServerNotification,
};
use rmcp::service::{NotificationContext, Peer, RequestContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use rustix::process::DumpableBehavior;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use crate::browser::Browser;
use crate::world::downloads::MAX_BYTES;

/// The notification that says what the browser has open: `{url, title, loading, tabs: [{tab, url, title, current}]}`.
pub const PAGE_NOTIFICATION: &str = "notifications/holt/page";
/// Between two notifications. What comes meanwhile is told by the next.
const BETWEEN_NOTIFICATIONS: Duration = Duration::from_millis(250);
/// How many calls run at a time; most of them wait for each other in the browser.
const MAX_CALLS: usize = 16;
/// Addresses in notifications, which go through many hands.
const MAX_TOLD_URL: usize = 500;

/// How a browser is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Chromium. Where none is named, the usual places are looked at.
    pub chromium: Option<PathBuf>,
    /// The X display, such as `:1`.
    pub display: Option<String>,
    /// The directory that the browser shares with the workspace.
    pub downloads: PathBuf,
    /// How that directory is called for the agent.
    pub downloads_shown: String,
    /// The browser's own directory: cookies, cache, settings.
    pub profile: PathBuf,
    /// The proxy through which everything but loopback is reached.
    pub proxy: Option<String>,
    /// Whether Chromium keeps its own sandbox, which it cannot as root.
    pub own_sandbox: bool,
    /// The largest file that is taken or given.
    pub max_download: u64,
    /// More arguments for Chromium.
    pub arguments: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        Self {
            chromium: None,
            display: std::env::var("DISPLAY").ok(),
            downloads: home.join("downloads"),
            downloads_shown: "downloads".into(),
            profile: home.join("browser"),
            proxy: None,
            own_sandbox: true,
            max_download: MAX_BYTES,
            arguments: Vec::new(),
        }
    }
}

/// Serves over a descriptor, a connected stream socket, until the other side closes it. Blocks.
///
/// # Errors
/// When the browser's part cannot be set up or the other side does not speak MCP.
pub fn run(stream: OwnedFd, options: Options) -> Result<(), ServeError> {
    holt_toolbox::descriptors::keep_from_commands()?;
    let stream = std::os::unix::net::UnixStream::from(stream);
    stream.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { serve(tokio::net::UnixStream::from_std(stream)?, options).await })
}

/// Serves over a stream until the other side closes it. Chromium writes down what it knows, and ends then.
///
/// It is made for a process of its own, which it makes unreadable to others.
///
/// # Errors
/// When the browser's part cannot be set up or the other side does not speak MCP.
pub async fn serve<Stream>(stream: Stream, options: Options) -> Result<(), ServeError>
where
    Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(io::Error::from)?;
    let browser = Arc::new(Browser::new(options));
    let ended = holt_toolbox::converse(Handler { browser: Arc::clone(&browser), calls: Semaphore::new(MAX_CALLS) }, stream).await;
    browser.rest().await;
    ended
}

struct Handler {
    browser: Arc<Browser>,
    calls: Semaphore,
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("holt-browser", env!("CARGO_PKG_VERSION")))
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        tokio::spawn(tell_pages(Arc::clone(&self.browser), context.peer));
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(catalogue().iter().filter(|tool| tool.browser).map(described).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let call = match Call::read(&request.name, request.arguments.unwrap_or_default()) {
            Ok(Call::Browser(call)) => call,
            Ok(_) => return Err(ErrorData::invalid_params(BadCall::UnknownTool(request.name.into_owned()).to_string(), None)),
            Err(error @ BadCall::UnknownTool(_)) => return Err(ErrorData::invalid_params(error.to_string(), None)),
            Err(error @ BadCall::BadArguments(_)) => return Ok(refused(error.to_string())),
        };
        let Ok(_place) = self.calls.try_acquire() else {
            let message = format!("{MAX_CALLS} calls are running already. Wait until one has ended.");
            return Ok(answered(Err(Failure::new("too_many_calls", message))));
        };
        Ok(answered(crate::tools::call(&self.browser, *call, &context.ct).await))
    }
}

/// Tells what is open whenever it has changed, but not all the time.
async fn tell_pages(browser: Arc<Browser>, peer: Peer<RoleServer>) {
    let mut states = browser.states();
    drop(browser);
    while states.changed().await.is_ok() {
        let mut state = states.borrow_and_update().clone();
        let shorten = |url: &mut String| url.truncate(url.floor_char_boundary(MAX_TOLD_URL));
        shorten(&mut state.url);
        state.tabs.iter_mut().for_each(|tab| shorten(&mut tab.url));
        let params = serde_json::to_value(&state).ok();
        let notification = ServerNotification::CustomNotification(CustomNotification::new(PAGE_NOTIFICATION, params));
        if peer.send_notification(notification).await.is_err() {
            return;
        }
        tokio::time::sleep(BETWEEN_NOTIFICATIONS).await;
    }
}
