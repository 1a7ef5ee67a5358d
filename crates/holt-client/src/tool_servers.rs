//! Outside servers of tools.

use holt_api::{AgreeToolServer, PutToolServer, SwitchToolServer, TestedServer, ToolServerList};
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::ClientError;
use crate::path::Path;
use crate::transport::{Method, Request};

fn of(server: &str) -> Path {
    Path::new("/v2/mcp").segment(server)
}

impl Client {
    pub async fn tool_servers(&self) -> Result<ToolServerList, ClientError> {
        self.get(Path::new("/v2/mcp")).await
    }

    /// Names a server, in the form of an `mcp.json`.
    pub async fn put_tool_server(&self, server: &str, entry: Value) -> Result<(), ClientError> {
        self.tell(Method::PUT, of(server), &PutToolServer { entry }).await
    }

    pub async fn remove_tool_server(&self, server: &str) -> Result<(), ClientError> {
        self.delete(of(server)).await
    }

    /// Gets a server's package, which may take minutes.
    pub async fn fetch_tool_server(&self, server: &str) -> Result<(), ClientError> {
        self.ask_unhurried(Request::new(Method::POST, of(server).segment("fetch"))).await.map(drop)
    }

    /// Starts a server and asks what it can do, which may take a minute.
    pub async fn test_tool_server(&self, server: &str) -> Result<TestedServer, ClientError> {
        let bytes = self.ask_unhurried(Request::new(Method::POST, of(server).segment("test"))).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.malformed(&error))
    }

    pub async fn agree_tool_server(&self, server: &str, fingerprint: &str) -> Result<(), ClientError> {
        let body = AgreeToolServer { fingerprint: fingerprint.to_owned() };
        self.tell(Method::POST, of(server).segment("agree"), &body).await
    }

    pub async fn switch_tool_server(&self, server: &str, on: bool) -> Result<(), ClientError> {
        self.tell(Method::POST, of(server).segment("switch"), &SwitchToolServer { on }).await
    }

    pub async fn keep_tool_server_secret(&self, server: &str, name: &str, secret: &str) -> Result<(), ClientError> {
        self.tell(Method::PUT, of(server).segment("secrets").segment(name), &json!({ "secret": secret })).await
    }
}
