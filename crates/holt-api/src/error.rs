//! The one body that every error has, whatever went wrong and on whichever route.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error: what happened, to what, and what to do next. It carries the fields that clients of all contracts look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The HTTP status again.
    #[serde(rename = "statusCode")]
    pub status_code: u16,
    /// The words of the HTTP status.
    pub error: String,
    /// What happened, for people.
    pub message: String,
    /// The same as `message`.
    pub detail: String,
    /// The same as `code`.
    pub error_type: String,
    /// The stable code that programs can rely on.
    pub code: String,
    /// What to do next.
    pub hint: String,
    /// What the server's log calls this request.
    pub request_id: String,
}
