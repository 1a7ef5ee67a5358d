//! Parameters in paths and queries, refused with the error body like everything else.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use holt_api::bounds::{self, shown};
use holt_api::{ArtifactId, CallId, KeyId, PromptId, Seq, SessionId, TerminalId};
use serde::de::DeserializeOwned;

use crate::error::{ApiError, ApiResult};

macro_rules! path_ids {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $key:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name(pub $type);

        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
                let text = path_param(parts, state, $key).await?;
                <$type>::from_str(&text).map(Self).map_err(|error| bad_id(&error.to_string()))
            }
        }
    )+};
}

path_ids! {
    SessionParam(SessionId) = "id",
    PromptParam(PromptId) = "prompt",
    CallParam(CallId) = "call",
    ArtifactParam(ArtifactId) = "artifact",
    KeyParam(KeyId) = "id",
    TerminalParam(TerminalId) = "terminal",
}

/// The number of a part of a recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentParam(pub u64);

impl<S: Send + Sync> FromRequestParts<S> for SegmentParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let text = path_param(parts, state, "segment").await?;
        text.parse().map(Self).map_err(|_| bad_id(&format!("`{text}` is not a number of a recording's part")))
    }
}

/// The number of what was allowed for a session.
#[derive(Debug, Clone)]
pub(crate) struct GrantParam(pub Seq);

impl<S: Send + Sync> FromRequestParts<S> for GrantParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let text = path_param(parts, state, "grant").await?;
        text.parse().map(Self).map_err(|_| bad_id(&format!("`{text}` is not a grant's number")))
    }
}

/// The number of a question about a host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuestionParam(pub Seq);

impl<S: Send + Sync> FromRequestParts<S> for QuestionParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let text = path_param(parts, state, "question").await?;
        text.parse().map(Self).map_err(|_| bad_id(&format!("`{text}` is not a question's number")))
    }
}

/// The number of a fact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FactParam(pub u64);

impl<S: Send + Sync> FromRequestParts<S> for FactParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let text = path_param(parts, state, "fact").await?;
        text.parse().map(Self).map_err(|_| bad_id(&format!("`{text}` is not a fact's number")))
    }
}

/// The name of a host.
#[derive(Debug, Clone)]
pub(crate) struct HostParam(pub String);

impl<S: Send + Sync> FromRequestParts<S> for HostParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        path_param(parts, state, "host").await.map(Self)
    }
}

/// The name of a provider of models.
#[derive(Debug, Clone)]
pub(crate) struct ProviderParam(pub String);

impl<S: Send + Sync> FromRequestParts<S> for ProviderParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        path_param(parts, state, "name").await.map(Self)
    }
}

/// The name of a preview.
#[derive(Debug, Clone)]
pub(crate) struct PreviewParam(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PreviewParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        path_param(parts, state, "preview").await.map(Self)
    }
}

/// The name of a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotParam(pub String);

impl<S: Send + Sync> FromRequestParts<S> for SnapshotParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        path_param(parts, state, "snapshot").await.map(Self)
    }
}

/// The name of an agent's definition. What is a name is decided where it is kept.
#[derive(Debug, Clone)]
pub(crate) struct AgentParam(pub String);

impl<S: Send + Sync> FromRequestParts<S> for AgentParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        path_param(parts, state, "name").await.map(Self)
    }
}

/// A path inside the workspace, at the end of the address.
#[derive(Debug, Clone)]
pub(crate) struct FileParam(pub String);

impl<S: Send + Sync> FromRequestParts<S> for FileParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let path = path_param(parts, state, "path").await?;
        bounds::check_path(&path)?;
        Ok(Self(path))
    }
}

async fn path_param<S: Send + Sync>(parts: &mut Parts, state: &S, key: &str) -> ApiResult<String> {
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| {
        let hint = "Percent-encode the path as UTF-8.";
        ApiError::new(StatusCode::BAD_REQUEST, "bad_path", "the address is not text in UTF-8", hint)
    })?;
    let found = params.iter().find(|(name, _)| *name == key).map(|(_, value)| value.to_owned());
    found.ok_or_else(|| ApiError::internal("a route has no such parameter"))
}

fn bad_id(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_id", shown(message), "Copy the id whole; lists and snapshots show it.")
}

/// The query, with every field known.
#[derive(Debug)]
pub(crate) struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|error| {
            let message = format!("the query cannot be read: {}", error.body_text());
            let message = message.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
            ApiError::new(StatusCode::BAD_REQUEST, "bad_query", message, "`/docs` shows the parameters that this route takes.")
        })
    }
}
