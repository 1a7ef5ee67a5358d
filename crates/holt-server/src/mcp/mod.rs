//! Holt as an MCP server: sessions, prompts, files and screens as tools for another agent, over streamable HTTP.
//!
//! Every request proves itself by its own key, and nothing is remembered between two of them: there is no session of the
//! protocol that could be taken over. What a caller may do here is less than its key allows elsewhere ([`Caller`] becomes
//! [`Guest`]): it sees its own owner's sessions and works in them, and no tool answers questions, makes keys, or reaches the
//! host. An agent in a sandbox is given no key, and has no way here.

mod catalogue;
mod files;
mod sessions;
mod waiting;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use holt_api::Scope;
use holt_api::bounds::MAX_BODY_BYTES;
use holt_core::access::Principal;
use http_body_util::Full;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::http::body;
use crate::state::App;
use crate::streams::{Seat, Transport};
use catalogue::{Call, Offered};
use waiting::Progress;

/// A file travels inside of a message, as text that is longer than its bytes.
const MAX_MESSAGE_BYTES: usize = 2 * MAX_BODY_BYTES;

const INSTRUCTIONS: &str = "Holt runs AI agents, each in a sandbox of its own with files, a shell, a browser and a desktop. \
    Make a session with `create_session`, tell its agent what to do with `send_prompt`, and wait for it: in the same call, or \
    with `wait_for_session`. Read what it made with `list_files` and `read_file`; look at its desktop with `take_screenshot`. \
    Where a session waits for a person's answer, only a person can give it.";

/// Answers one message of the protocol.
pub(crate) async fn serve(State(app): State<App>, caller: Caller, request: Request) -> ApiResult<Response> {
    let seat = app.streams.take(&caller.principal, Transport::Mcp)?;
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, MAX_MESSAGE_BYTES, app.timing.body).await?;
    // What may take long is streamed, so that the way there is kept open; everything else is one body.
    let set = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(!is_call(&bytes))
        .with_max_request_body_bytes(MAX_MESSAGE_BYTES)
        .with_cancellation_token(app.closing.clone())
        // Names and origins were checked before this, by the server's own rules.
        .disable_allowed_hosts();
    let handler = Handler(Arc::new(Guest { by: attenuated(&caller.principal), app, caller, _seat: seat }));
    let service = StreamableHttpService::new(move || Ok(handler.clone()), Arc::new(NeverSessionManager::default()), set);
    let answer = service.handle(Request::from_parts(parts, Full::new(bytes))).await;
    Ok(answer.map(Body::new).into_response())
}

fn is_call(message: &Bytes) -> bool {
    #[derive(serde::Deserialize)]
    struct Glance<'a> {
        #[serde(borrow)]
        method: std::borrow::Cow<'a, str>,
    }
    serde_json::from_slice::<Glance<'_>>(message).is_ok_and(|message| message.method == "tools/call")
}

/// What is left of a caller's rights here: its own owner's sessions, and neither questions nor the host.
fn attenuated(principal: &Principal) -> Principal {
    let scopes = [Scope::Operate, Scope::View].into_iter().filter(|scope| principal.may(*scope)).collect();
    Principal { scopes, ..principal.clone() }
}

/// Whoever asks, for as long as it is answered.
struct Guest {
    app: App,
    by: Principal,
    caller: Caller,
    _seat: Seat,
}

#[derive(Clone)]
struct Handler(Arc<Guest>);

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("holt", &*self.0.app.about.version))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let offered = catalogue::offered().filter(|offered| self.0.by.may(offered.scope));
        Ok(ListToolsResult::with_all_items(offered.map(Offered::described).collect()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        catalogue::find(name).map(Offered::described)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(offered) = catalogue::find(&request.name).filter(|offered| self.0.by.may(offered.scope)) else {
            return Err(ErrorData::invalid_params("there is no such tool, or this key may not use it", None));
        };
        let progress = Progress::new(&context);
        let answering = async {
            let call = Call::read(offered.name, request.arguments.unwrap_or_default())?;
            self.0.call(call, progress).await
        };
        let answer = tokio::select! {
            answer = answering => answer,
            // The handler is dropped with the request; what was begun in a session goes on there.
            () = context.ct.cancelled() => Err(over("the request was cancelled")),
            () = self.0.caller.over(&self.0.app) => Err(over("the key was revoked, or the server ends")),
        };
        Ok(answer.unwrap_or_else(|error| refused(&error)).into())
    }
}

impl Guest {
    async fn call(&self, call: Call, progress: Progress) -> ApiResult<CallToolResult> {
        match call {
            Call::ListSessions(asked) => self.list_sessions(asked).await,
            Call::GetSession(asked) => self.get_session(asked).await,
            Call::CreateSession(asked) => self.create_session(asked, progress).await,
            Call::SendPrompt(asked) => self.send_prompt(asked, progress).await,
            Call::WaitForSession(asked) => self.wait_for_session(asked, progress).await,
            Call::CancelRun(asked) => self.cancel_run(asked).await,
            Call::WakeSession(asked) => self.wake_session(asked).await,
            Call::StopSession(asked) => self.stop_session(asked).await,
            Call::ListEvents(asked) => self.list_events(asked).await,
            Call::ListFiles(asked) => self.list_files(asked).await,
            Call::ReadFile(asked) => self.read_file(asked).await,
            Call::WriteFile(asked) => self.write_file(asked).await,
            Call::TakeScreenshot(asked) => self.take_screenshot(asked).await,
        }
    }
}

/// An answer in facts, which are its text too.
fn told(facts: &Value) -> CallToolResult {
    CallToolResult::structured(facts.clone())
}

/// The caller made this mistake, or can do something about it, so it is told as an answer.
fn refused(error: &ApiError) -> CallToolResult {
    let text = format!("{} ({}). {}", error.message, error.code, error.hint);
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({ "code": error.code, "message": error.message, "hint": error.hint }));
    result
}

fn over(why: &str) -> ApiError {
    ApiError::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "request_over", why, "Ask again with `get_session`.")
}
