//! Prompts, with or without files.

use axum::Json;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use holt_api::bounds::{self, MAX_ATTACHMENTS, MAX_BODY_BYTES, MAX_NAME_BYTES};
use holt_api::{PromptId, PromptReceipt, Scope, SendPrompt, SessionId, Snapshot};
use holt_engine::{self as engine, EngineError, SessionFiles};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::transfer::{Receiver, chunk_in_time};
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::http::body::{self, JsonBody};
use crate::http::params::{PromptParam, SessionParam};
use crate::router::Declared;
use crate::state::App;

/// Where files that come with prompts are put.
const UPLOADS: &str = "uploads";

/// Sends a prompt.
///
/// As JSON, or as a form with files: a field `prompt` with the JSON or a field `text`, and any number of fields `file`,
/// which are put into `uploads/` of the workspace and attached.
#[utoipa::path(post, path = "/v2/sessions/{id}/prompts", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body(content((SendPrompt = "application/json"), (PromptForm = "multipart/form-data"))),
    responses((status = 202, description = "What became of it.", body = PromptReceipt)))]
async fn send_prompt(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    request: Request,
) -> ApiResult<(StatusCode, Json<PromptReceipt>)> {
    let sent = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let receipt = if sent.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
        let form = Multipart::from_request(request, &app).await.map_err(|error| bad_form(&error.body_text()))?;
        send_form(&app, &caller, id, form).await?
    } else {
        let JsonBody(prompt) = JsonBody::<SendPrompt>::from_request(request, &app).await?;
        bounds::check_prompt(&prompt)?;
        app.engine.prompt(&caller.principal, id, to_engine_prompt(prompt)).await?
    };
    let engine::PromptReceipt { prompt, waiting_behind, session } = receipt;
    Ok((StatusCode::ACCEPTED, Json(PromptReceipt { prompt, waiting_behind, session })))
}

/// A prompt with files.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it only describes the form; the form is read as it comes")]
struct PromptForm {
    /// The prompt as JSON.
    prompt: Option<SendPrompt>,
    /// The prompt's text, when there is nothing else to say.
    text: Option<String>,
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

pub(crate) fn to_engine_prompt(prompt: SendPrompt) -> engine::SendPrompt {
    let SendPrompt { id, text, attachments, when_busy } = prompt;
    engine::SendPrompt { id, text, attachments, when_busy }
}

/// Takes a form as it comes. Files of a prompt that is then not taken are removed again.
async fn send_form(app: &App, caller: &Caller, id: SessionId, form: Multipart) -> ApiResult<engine::PromptReceipt> {
    let files = app.engine.files_to_change(&caller.principal, id).await?;
    let mut stored = Vec::new();
    let sent = async {
        let mut prompt = read_form(app, &files, form, &mut stored).await?;
        prompt.attachments.extend(stored.iter().map(|(path, _)| path.clone()));
        bounds::check_prompt(&prompt)?;
        for (path, size) in &stored {
            app.engine.file_received(&caller.principal, id, path.clone(), *size).await?;
        }
        ApiResult::Ok(app.engine.prompt(&caller.principal, id, to_engine_prompt(prompt)).await?)
    };
    let sent = sent.await;
    if sent.is_err() {
        for (path, _) in stored {
            let _ = files.remove(path).await;
        }
    }
    sent
}

async fn read_form(
    app: &App,
    files: &SessionFiles,
    mut form: Multipart,
    stored: &mut Vec<(String, u64)>,
) -> ApiResult<SendPrompt> {
    let mut prompt = None;
    let mut left = app.limits.upload_bytes;
    while let Some(field) = chunk_in_time(app, form.next_field()).await?.map_err(|error| broken_form(&error))? {
        match field.name() {
            Some("prompt") if prompt.is_none() => prompt = Some(body::parse(&small(app, field).await?)?),
            Some("text") if prompt.is_none() => {
                let text = String::from_utf8(small(app, field).await?).map_err(|_| bad_form("`text` is not UTF-8"))?;
                prompt = Some(SendPrompt { text, ..SendPrompt::default() });
            }
            Some("file") if stored.len() < MAX_ATTACHMENTS => {
                let (path, size) = store(app, files, field, left).await?;
                left -= size;
                stored.push((path, size));
            }
            Some("file") => return Err(bad_form(&format!("there are more than {MAX_ATTACHMENTS} files"))),
            _ => return Err(bad_form("fields are one `prompt` or `text`, and any number of `file`")),
        }
    }
    // Files alone are a prompt too: the agent is told what came.
    Ok(prompt.unwrap_or_default())
}

async fn small(app: &App, mut field: Field<'_>) -> ApiResult<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunk_in_time(app, field.chunk()).await?.map_err(|error| broken_form(&error))? {
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(ApiError::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn store(app: &App, files: &SessionFiles, mut field: Field<'_>, limit: u64) -> ApiResult<(String, u64)> {
    let path = free_path(files, &plain_name(field.file_name().unwrap_or_default())).await?;
    let mut receiver = Receiver::begin(files, path.clone(), limit).await?;
    while let Some(chunk) = chunk_in_time(app, field.chunk()).await?.map_err(|error| broken_form(&error))? {
        receiver.write(chunk).await?;
    }
    Ok((path, receiver.commit().await?))
}

/// A name that is not taken yet: a file that came before is never replaced unasked.
async fn free_path(files: &SessionFiles, name: &str) -> ApiResult<String> {
    let taken = match files.list(UPLOADS.into()).await {
        Ok(listing) => listing.entries,
        Err(EngineError::File(holt_core::workspace::FileError::NotFound(_))) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let is_free = |name: &str| !taken.iter().any(|entry| entry.name == name);
    let (stem, ending) = match name.rfind('.').filter(|at| *at > 0) {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let numbered = (2..).map(|n| format!("{stem}-{n}{ending}"));
    let name = std::iter::once(name.to_owned()).chain(numbered).find(|name| is_free(name)).unwrap_or_default();
    Ok(format!("{UPLOADS}/{name}"))
}

/// What a browser calls a file, fit to be a name here.
fn plain_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = last.chars().filter(|c| !c.is_control()).collect();
    // Room for a number.
    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES - 10));
    match name.trim() {
        "" | "." | ".." => "file".into(),
        name => name.into(),
    }
}

fn broken_form(error: &MultipartError) -> ApiError {
    bad_form(&error.body_text())
}

fn bad_form(message: &str) -> ApiError {
    let message = bounds::shown(&format!("the form cannot be read: {message}"));
    let hint = "Send one `prompt` (JSON) or `text`, and any number of `file`.";
    ApiError::new(StatusCode::BAD_REQUEST, "bad_form", message, hint)
}

/// Takes back a prompt that waits.
#[utoipa::path(delete, path = "/v2/sessions/{id}/prompts/{prompt}", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session."), ("prompt" = PromptId, Path, description = "The prompt.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn withdraw_prompt(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    PromptParam(prompt): PromptParam,
) -> ApiResult<Json<Snapshot>> {
    Ok(Json(app.engine.withdraw(&caller.principal, id, prompt).await?))
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::Operate, routes!(send_prompt)).unhurried(),
        Declared::needs(Scope::Operate, routes!(withdraw_prompt)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_name_becomes_one_name(sent in "\\PC{0,300}|[./\\\\\\x00-\\x1f]{0,20}") {
            let name = plain_name(&sent);
            prop_assert!(bounds::check_path(&name).is_ok(), "{name:?}");
            prop_assert!(!name.contains('/') && name.len() <= MAX_NAME_BYTES - 10);
        }
    }
}
