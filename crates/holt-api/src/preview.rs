//! Previews of what agents serve, and desktops at ports of their own.

use holt_core::id::SessionId;
use holt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Opens what serves on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenPreview {
    pub port: u16,
}

/// A preview of what serves on a port of a session's sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    pub id: String,
    pub session: SessionId,
    pub port: u16,
    /// Where it is, for a browser that was let in.
    pub origin: String,
    pub opened_at: Timestamp,
    /// Lets one browser in, once. Only in the answer to opening it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Until when `url` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewList {
    /// On which something in the sandbox serves, the lowest first.
    pub ports: Vec<u16>,
    pub items: Vec<Preview>,
}

/// Asks for a session's desktop at a port of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OpenVnc {
    /// Whoever has the address may take control, with their first key or button; else it only watches.
    pub drive: bool,
}

/// A session's desktop at a port of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VncAddress {
    /// Opens the desktop for whoever has it, as long as the session and the key that asked for it are valid: a secret.
    pub vnc_url: String,
    pub port: u16,
    /// Whether `vnc_url` lets its holder drive.
    pub drive: bool,
}
