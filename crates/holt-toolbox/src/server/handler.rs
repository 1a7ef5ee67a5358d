//! Between the protocol and the tools.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use crate::answer::Outcome;
use crate::catalogue::{self, BadCall, Call, catalogue};
use crate::tools::{Caller, Progress, Toolbox};

pub struct Handler {
    toolbox: Arc<Toolbox>,
}

impl Handler {
    pub fn new(toolbox: Arc<Toolbox>) -> Self {
        Self { toolbox }
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("holt-toolbox", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(catalogue().iter().map(described).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let call = match Call::read(&request.name, request.arguments.unwrap_or_default()) {
            Ok(call) => call,
            Err(error @ BadCall::UnknownTool(_)) => return Err(ErrorData::invalid_params(error.to_string(), None)),
            // The model made this mistake and can mend it, so it is told as an answer.
            Err(error @ BadCall::BadArguments(_)) => return Ok(failed("bad_arguments", error.to_string())),
        };
        let progress = Progress::new(&context, self.toolbox.options.max_streamed);
        let caller = Caller { cancelled: context.ct, progress };
        Ok(answered(self.toolbox.call(call, caller).await))
    }
}

fn described(tool: &catalogue::Tool) -> rmcp::model::Tool {
    let hints = ToolAnnotations::new().read_only(tool.reads_only).open_world(tool.runs_commands);
    rmcp::model::Tool::new(tool.name, tool.description, Arc::new(tool.input_schema.clone())).with_annotations(hints)
}

fn answered(outcome: Outcome) -> CallToolResponse {
    let (text, facts, failed, pictures) = match outcome {
        Ok(answer) => (answer.text, answer.facts, answer.failed, answer.pictures),
        Err(failure) => {
            let facts = failure.facts();
            (failure.message, facts, true, Vec::new())
        }
    };
    let pictures = pictures.iter().map(|shown| ContentBlock::image(BASE64_STANDARD.encode(&shown.bytes), shown.media_type));
    let words = Some(text).filter(|text| !text.is_empty() || pictures.len() == 0).map(ContentBlock::text);
    let mut result = CallToolResult::success(words.into_iter().chain(pictures).collect());
    result.structured_content = Some(facts);
    result.is_error = Some(failed);
    result.into()
}

fn failed(code: &'static str, message: String) -> CallToolResponse {
    answered(Err(crate::answer::Failure { code, message }))
}
