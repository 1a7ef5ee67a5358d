//! The one place where what went wrong becomes an answer.
//!
//! A handler returns an `ApiError`; it travels as an extension of the answer until `envelope` writes the body, which
//! needs the request's id. Answers of other origin that are errors get a body of the same form there.

use std::borrow::Cow;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use holt_api::{ErrorBody, Invalid};
use holt_core::machine::Refusal;
use holt_core::memory::MemoryError;
use holt_core::sandbox::SandboxError;
use holt_core::store::StoreError;
use holt_core::workspace::FileError;
use holt_engine::EngineError;

pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// What went wrong: for programs the status and the code, for people the message and the hint.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub status: StatusCode,
    pub code: Cow<'static, str>,
    pub message: String,
    pub hint: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl ApiError {
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
        hint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code: code.into(), message: message.into(), hint: hint.into(), headers: Vec::new() }
    }

    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn retry_after(self, seconds: u64) -> Self {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    pub fn not_found() -> Self {
        let hint = "`/docs` and `/openapi.json` list what there is.";
        Self::new(StatusCode::NOT_FOUND, "route_not_found", "there is nothing at this address", hint)
    }

    pub fn internal(what: &str) -> Self {
        let hint = "Look into the server's log for this request's id; it is a fault of the server's.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", what, hint)
    }

    /// The error that an answer of other origin stands for.
    pub fn of_status(status: StatusCode) -> Self {
        let hint = "Look into `/docs` for what this route takes.";
        let say = |code: &'static str, message: &'static str| Self::new(status, code, message, hint);
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => say("method_not_allowed", "this address does not take this method"),
            StatusCode::PAYLOAD_TOO_LARGE => say("too_large", "the body is larger than this route takes"),
            StatusCode::REQUEST_TIMEOUT => say("request_timeout", "the request took too long to arrive"),
            StatusCode::UPGRADE_REQUIRED => say("upgrade_required", "this address takes WebSocket connections only"),
            status if status.is_client_error() => say("bad_request", "the request is not one that this route takes"),
            _ => Self::internal("the server could not answer"),
        }
    }

    pub fn body(&self, request_id: &str) -> ErrorBody {
        ErrorBody {
            status_code: self.status.as_u16(),
            error: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            message: self.message.clone(),
            detail: self.message.clone(),
            error_type: self.code.to_string(),
            code: self.code.to_string(),
            hint: self.hint.to_string(),
            request_id: request_id.to_owned(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        let mut response = self.status.into_response();
        for (name, value) in self.headers.drain(..) {
            response.headers_mut().append(name, value);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::new(invalid_status(invalid.code), invalid.code, invalid.message, invalid.hint)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        EngineError::Store(error).into()
    }
}

impl From<FileError> for ApiError {
    fn from(error: FileError) -> Self {
        EngineError::File(error).into()
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let status = status_of(&error);
        if status.is_server_error() {
            tracing::warn!(code = error.code(), %error, "a request failed");
        }
        let (code, hint) = (error.code().to_owned(), error.hint().to_owned());
        let answer = Self::new(status, code, error.to_string(), hint);
        match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => answer.retry_after(1),
            _ => answer,
        }
    }
}

fn invalid_status(code: &str) -> StatusCode {
    match code {
        "prompt_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    }
}

fn status_of(error: &EngineError) -> StatusCode {
    match error {
        EngineError::NoSession(_) => StatusCode::NOT_FOUND,
        EngineError::NotAllowed(_) => StatusCode::FORBIDDEN,
        EngineError::BeyondKey => StatusCode::FORBIDDEN,
        EngineError::BudgetReached(_) => StatusCode::CONFLICT,
        EngineError::Invalid { .. } => StatusCode::BAD_REQUEST,
        EngineError::Refused(refusal) => refusal_status(refusal),
        EngineError::File(error) => file_status(error),
        EngineError::Sandbox(SandboxError::NotOpen | SandboxError::NobodyServes(_)) => StatusCode::CONFLICT,
        EngineError::Sandbox(SandboxError::NoTerminal) => StatusCode::NOT_FOUND,
        EngineError::Sandbox(SandboxError::CannotOpen { code, .. }) if code == "too_many_terminals" => {
            StatusCode::TOO_MANY_REQUESTS
        }
        EngineError::Sandbox(_) => StatusCode::SERVICE_UNAVAILABLE,
        EngineError::Memory(error) => memory_status(error),
        EngineError::TakenOver | EngineError::ShuttingDown | EngineError::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        EngineError::Store(StoreError::NotFound) => StatusCode::NOT_FOUND,
        EngineError::Store(StoreError::Invalid(_)) => StatusCode::BAD_REQUEST,
        EngineError::Store(StoreError::Exists) => StatusCode::CONFLICT,
        EngineError::Store(StoreError::Full) => StatusCode::INSUFFICIENT_STORAGE,
        EngineError::Store(StoreError::Damaged(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        EngineError::Store(StoreError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn memory_status(error: &MemoryError) -> StatusCode {
    match error {
        MemoryError::NotFound(_) => StatusCode::NOT_FOUND,
        MemoryError::BadText => StatusCode::BAD_REQUEST,
        MemoryError::Full => StatusCode::CONFLICT,
        MemoryError::NotTheAgents(_) | MemoryError::MayNotAgree => StatusCode::FORBIDDEN,
        MemoryError::Storage(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn refusal_status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::QueueFull => StatusCode::TOO_MANY_REQUESTS,
        Refusal::NoQuestion | Refusal::NoGrant | Refusal::NoPrompt | Refusal::NotCompacted => StatusCode::NOT_FOUND,
        Refusal::BeyondKey(_) => StatusCode::FORBIDDEN,
        _ => StatusCode::CONFLICT,
    }
}

fn file_status(error: &FileError) -> StatusCode {
    match error {
        FileError::NotFound(_) => StatusCode::NOT_FOUND,
        FileError::BadPath(_) | FileError::Refused { .. } => StatusCode::BAD_REQUEST,
        FileError::NotAFile(_) | FileError::NotADirectory(_) | FileError::Exists(_) => StatusCode::CONFLICT,
        FileError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        FileError::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        FileError::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
