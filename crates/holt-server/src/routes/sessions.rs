//! Sessions: making, finding, changing and removing them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::bounds::{self, Invalid, MAX_PAGE, MAX_SEARCH_CHARS, MAX_WORD_CHARS};
use holt_api::{
    Answer, CallId, CreateSession, Measurement, RenameSession, Reply, Scope, SessionId, SessionList, SetMode, Snapshot, Status,
};
use holt_core::sandbox::SandboxError;
use holt_engine::{self as engine, EngineError};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::prompts::to_engine_prompt;
use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::http::body::{JsonBody, JsonBodyOrDefault};
use crate::http::cursor;
use crate::http::params::{CallParam, GrantParam, Query, SessionParam};
use crate::router::Declared;
use crate::state::App;

type Answered = ApiResult<Json<Snapshot>>;

const DEFAULT_PAGE: usize = 50;

/// Makes a session.
///
/// Everything may be left out. With a `prompt`, work begins at once. With an `id` of the client's choice, asking twice
/// makes it once.
#[utoipa::path(post, path = "/v2/sessions", tag = "sessions", request_body = CreateSession,
    responses((status = 201, description = "The session.", body = Snapshot)))]
async fn create_session(
    State(app): State<App>,
    caller: Caller,
    JsonBodyOrDefault(request): JsonBodyOrDefault<CreateSession>,
) -> ApiResult<(StatusCode, Json<Snapshot>)> {
    bounds::check_create_session(&request)?;
    let session = app.engine.create(&caller.principal, to_engine(request)).await?;
    Ok((StatusCode::CREATED, Json(session)))
}

fn to_engine(request: CreateSession) -> engine::CreateSession {
    engine::CreateSession {
        id: request.id,
        kind: request.kind,
        title: request.title,
        agent: request.agent,
        model: request.model,
        environment: request.environment,
        workspace: request.workspace,
        source: request.source,
        policy: request.policy,
        mode: request.mode,
        budget: request.budget,
        session_budget: request.session_budget,
        limits: request.limits,
        desktop: request.desktop,
        network: request.network,
        hosts: request.hosts,
        record_desktop: request.record_desktop,
        browser_profile: request.browser_profile,
        origin: None,
        expires_at: request.expires_at,
        sleep_after_seconds: request.sleep_after_seconds,
        keep_awake_seconds: request.keep_awake_seconds,
        prompt: request.prompt.map(to_engine_prompt),
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only sessions of these statuses, with commas between.
    status: Option<String>,
    /// Only sessions whose title contains this.
    q: Option<String>,
    /// Only sessions that were made through this interface; `all` for every one.
    origin: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    limit: Option<usize>,
}

/// Lists sessions, the one with the newest activity first.
#[utoipa::path(get, path = "/v2/sessions", tag = "sessions", params(ListQuery),
    responses((status = 200, description = "A page of the list.", body = SessionList)))]
async fn list_sessions(State(app): State<App>, caller: Caller, Query(query): Query<ListQuery>) -> ApiResult<Json<SessionList>> {
    let page = app.engine.list(&caller.principal, to_list(query)?).await?;
    Ok(Json(SessionList { items: page.items, next: page.next.map(cursor::encode) }))
}

fn to_list(query: ListQuery) -> ApiResult<engine::ListSessions> {
    let too_long = |text: &Option<String>, most: usize| text.as_ref().is_some_and(|text| text.chars().count() > most);
    if too_long(&query.q, MAX_SEARCH_CHARS) || too_long(&query.origin, MAX_WORD_CHARS) {
        return Err(bad_query("`q` or `origin` is too long").into());
    }
    let words = query.status.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|word| !word.is_empty());
    Ok(engine::ListSessions {
        origin: query.origin.filter(|origin| origin != "all"),
        status: words.map(status).collect::<Result<_, _>>()?,
        text: query.q.filter(|text| !text.is_empty()),
        cursor: query.cursor.as_deref().map(cursor::decode).transpose()?,
        limit: query.limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE),
    })
}

fn status(word: &str) -> Result<Status, Invalid> {
    let known = Status::ALL.into_iter().find(|status| status.as_str() == word);
    known.ok_or_else(|| bad_query(format!("`{}` is not a status", bounds::shown(word))))
}

fn bad_query(message: impl Into<String>) -> Invalid {
    Invalid::new("bad_query", message, "The statuses are idle, running, waiting, asleep, ending, ended and failed.")
}

/// Shows a session as it is now.
///
/// The history is not part of it; read it at `events`.
#[utoipa::path(get, path = "/v2/sessions/{id}", tag = "sessions", params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn get_session(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> Answered {
    Ok(Json(app.engine.session(&caller.principal, id).await?))
}

/// Gives a session another title.
#[utoipa::path(patch, path = "/v2/sessions/{id}", tag = "sessions", params(("id" = SessionId, Path, description = "The session.")),
    request_body = RenameSession, responses((status = 200, description = "The session.", body = Snapshot)))]
async fn rename_session(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBody(request): JsonBody<RenameSession>,
) -> Answered {
    bounds::check_title(&request.title)?;
    Ok(Json(app.engine.rename(&caller.principal, id, request.title).await?))
}

/// Ends a session and removes everything of it: its conversation, its files, what it handed out.
#[utoipa::path(delete, path = "/v2/sessions/{id}", tag = "sessions", params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 204, description = "It is gone.")))]
async fn remove_session(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> ApiResult<StatusCode> {
    app.engine.remove(&caller.principal, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops the run that is under way. The session stays.
#[utoipa::path(post, path = "/v2/sessions/{id}/cancel", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn cancel_run(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> Answered {
    Ok(Json(app.engine.cancel(&caller.principal, id).await?))
}

/// Ends a session. Its conversation and its files stay.
#[utoipa::path(post, path = "/v2/sessions/{id}/stop", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn stop_session(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> Answered {
    Ok(Json(app.engine.stop(&caller.principal, id).await?))
}

/// Tries a failed session again.
#[utoipa::path(post, path = "/v2/sessions/{id}/retry", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn retry_session(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> Answered {
    Ok(Json(app.engine.retry(&caller.principal, id).await?))
}

/// Closes the sandbox now, whatever runs in it. The next prompt opens it again.
#[utoipa::path(post, path = "/v2/sessions/{id}/sleep", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn sleep_session(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> Answered {
    Ok(Json(app.engine.sleep(&caller.principal, id).await?))
}

/// Opens the sandbox, and answers when it is open.
#[utoipa::path(post, path = "/v2/sessions/{id}/wake", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn wake_session(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> Answered {
    Ok(Json(app.engine.wake(&caller.principal, id).await?))
}

/// Answers a question of the agent about a call.
///
/// The question stands in the session's snapshot, at the call: its `hash` names exactly what would run and has to be sent with the
/// answer. Of two people who answer, one is told that the other has.
#[utoipa::path(post, path = "/v2/sessions/{id}/approvals/{call}", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session."), ("call" = CallId, Path, description = "The call that waits.")),
    request_body = Answer, responses((status = 200, description = "The session.", body = Snapshot)))]
async fn answer_question(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    CallParam(call): CallParam,
    JsonBody(answer): JsonBody<Answer>,
) -> Answered {
    Ok(Json(app.engine.answer(&caller.principal, id, call, to_engine_answer(answer)).await?))
}

pub(super) fn to_engine_answer(answer: Answer) -> engine::Answer {
    let Answer { allow, hash, for_session, arguments, reason } = answer;
    engine::Answer { allow, hash, for_session, arguments, reason }
}

/// Takes back what somebody allowed until the session ends.
///
/// The snapshot lists it among its `grants`. What runs because of it runs on; the next call of the kind is asked about again.
#[utoipa::path(delete, path = "/v2/sessions/{id}/grants/{grant}", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session."), ("grant" = u64, Path, description = "The `id` of the grant.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn revoke_grant(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    GrantParam(grant): GrantParam,
) -> Answered {
    Ok(Json(app.engine.revoke_grant(&caller.principal, id, grant).await?))
}

/// Answers in words what the agent asked in words.
///
/// The question stands in the session's snapshot, at the call that `asks`. To leave it unanswered, deny the call.
#[utoipa::path(post, path = "/v2/sessions/{id}/questions/{call}", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session."), ("call" = CallId, Path, description = "The call that waits.")),
    request_body = Reply, responses((status = 200, description = "The session.", body = Snapshot)))]
async fn reply_in_words(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    CallParam(call): CallParam,
    JsonBody(reply): JsonBody<Reply>,
) -> Answered {
    Ok(Json(app.engine.reply(&caller.principal, id, call, reply.text).await?))
}

/// Changes how freely a session's agent works.
///
/// To let it do more takes the scope `approve`. Into and out of `plan` the sandbox is opened anew, and what runs in it ends.
#[utoipa::path(put, path = "/v2/sessions/{id}/mode", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = SetMode, responses((status = 200, description = "The session.", body = Snapshot)))]
async fn set_mode(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBody(request): JsonBody<SetMode>,
) -> Answered {
    Ok(Json(app.engine.set_mode(&caller.principal, id, request.mode).await?))
}

/// Says what the session's sandbox uses now. A closed one uses nothing.
#[utoipa::path(get, path = "/v2/sessions/{id}/usage", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "What it uses.", body = Measurement)))]
async fn session_usage(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> ApiResult<Json<Measurement>> {
    match app.engine.measure(&caller.principal, id).await {
        Ok(measured) => Ok(Json(measured)),
        Err(EngineError::Sandbox(SandboxError::NotOpen)) => Ok(Json(Measurement::default())),
        Err(error) => Err(ApiError::from(error)),
    }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::Operate, routes!(create_session)),
        Declared::needs(Scope::View, routes!(list_sessions)),
        Declared::needs(Scope::View, routes!(get_session)),
        Declared::needs(Scope::Operate, routes!(rename_session)),
        Declared::needs(Scope::Operate, routes!(remove_session)),
        Declared::needs(Scope::Operate, routes!(cancel_run)),
        Declared::needs(Scope::Operate, routes!(stop_session)),
        Declared::needs(Scope::Operate, routes!(retry_session)),
        Declared::needs(Scope::Operate, routes!(sleep_session)),
        Declared::needs(Scope::Operate, routes!(wake_session)),
        Declared::needs(Scope::Approve, routes!(answer_question)),
        Declared::needs(Scope::Approve, routes!(reply_in_words)),
        Declared::needs(Scope::Operate, routes!(revoke_grant)),
        Declared::needs(Scope::Operate, routes!(set_mode)),
        Declared::needs(Scope::View, routes!(session_usage)),
    ]
}
