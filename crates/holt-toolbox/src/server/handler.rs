//! Between the protocol and the tools.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use crate::answer::{answered, described, refused};
use crate::catalogue::{BadCall, Call, catalogue};
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
        Ok(ListToolsResult::with_all_items(catalogue().iter().filter(|tool| !tool.browser).map(described).collect()))
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
            Err(error @ BadCall::BadArguments(_)) => return Ok(refused(error.to_string())),
        };
        let progress = Progress::new(&context, self.toolbox.options.max_streamed);
        let caller = Caller { cancelled: context.ct, progress };
        Ok(answered(self.toolbox.call(call, caller).await))
    }
}
