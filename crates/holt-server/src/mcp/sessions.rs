//! Sessions and their prompts.

use holt_api::bounds::{self, MAX_PAGE, MAX_SEARCH_CHARS};
use holt_api::{CreateSession, SendPrompt, SessionList, Status};
use holt_engine as engine;
use rmcp::model::CallToolResult;
use serde_json::{Value, json};

use super::catalogue::{self, ListEvents, ListSessions, OneSession, WaitForSession};
use super::waiting::Progress;
use super::{Guest, told};
use crate::error::{ApiError, ApiResult};
use crate::http::cursor;
use crate::routes::to_engine_prompt;

const DEFAULT_PAGE: usize = 50;
/// How much of a page of events one answer has.
const MAX_EVENTS_BYTES: usize = 512 * 1024;

type Answered = ApiResult<CallToolResult>;

impl Guest {
    pub(super) async fn list_sessions(&self, asked: ListSessions) -> Answered {
        let known = |word: &String| Status::ALL.into_iter().find(|status| status.as_str() == word);
        let status =
            asked.status.iter().map(|word| known(word).ok_or_else(|| not_a_status(word))).collect::<ApiResult<Vec<_>>>()?;
        let request = engine::ListSessions {
            origin: None,
            status,
            text: Some(asked.query.chars().take(MAX_SEARCH_CHARS).collect::<String>()).filter(|text| !text.is_empty()),
            cursor: asked.cursor.as_deref().map(cursor::decode).transpose()?,
            limit: asked.limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE),
        };
        let page = self.app.engine.list(&self.by, request).await?;
        facts(&SessionList { items: page.items, next: page.next.map(cursor::encode) })
    }

    pub(super) async fn get_session(&self, asked: OneSession) -> Answered {
        facts(&self.app.engine.session(&self.by, asked.session).await?)
    }

    pub(super) async fn create_session(&self, asked: catalogue::CreateSession, progress: Progress) -> Answered {
        let catalogue::CreateSession { title, agent, model, environment, prompt, wait_seconds } = asked;
        let waits = prompt.is_some() && wait_seconds > 0;
        let prompt = prompt.map(|text| SendPrompt { text, ..SendPrompt::default() });
        let request = CreateSession { title, agent, model, environment, prompt, ..CreateSession::default() };
        bounds::check_create_session(&request)?;
        let request = engine::CreateSession {
            title: request.title,
            agent: request.agent,
            model: request.model,
            environment: request.environment,
            prompt: request.prompt.map(to_engine_prompt),
            ..engine::CreateSession::default()
        };
        let made = self.app.engine.create(&self.by, request).await?;
        if waits {
            return Ok(told(&self.settle(made.id, 0, wait_seconds, progress).await?));
        }
        Ok(told(&json!({ "session": made.id, "status": made.status, "last_seq": made.last_seq })))
    }

    pub(super) async fn send_prompt(&self, asked: catalogue::SendPrompt, progress: Progress) -> Answered {
        let catalogue::SendPrompt { session, text, when_busy, wait_seconds } = asked;
        let prompt = SendPrompt { text, when_busy, ..SendPrompt::default() };
        bounds::check_prompt(&prompt)?;
        let before = self.app.engine.session(&self.by, session).await?.last_seq;
        let sent = self.app.engine.prompt(&self.by, session, to_engine_prompt(prompt)).await?;
        if wait_seconds > 0 {
            return Ok(told(&self.settle(session, before, wait_seconds, progress).await?));
        }
        let (status, last_seq) = (sent.session.status, sent.session.last_seq);
        Ok(told(&json!({ "session": session, "prompt": sent.prompt, "status": status, "last_seq": last_seq })))
    }

    pub(super) async fn wait_for_session(&self, asked: WaitForSession, progress: Progress) -> Answered {
        let after = match asked.after {
            Some(after) => after,
            None => self.app.engine.session(&self.by, asked.session).await?.last_seq,
        };
        Ok(told(&self.settle(asked.session, after, asked.wait_seconds.max(1), progress).await?))
    }

    pub(super) async fn cancel_run(&self, asked: OneSession) -> Answered {
        facts(&self.app.engine.cancel(&self.by, asked.session).await?)
    }

    pub(super) async fn wake_session(&self, asked: OneSession) -> Answered {
        facts(&self.app.engine.wake(&self.by, asked.session).await?)
    }

    pub(super) async fn stop_session(&self, asked: OneSession) -> Answered {
        facts(&self.app.engine.stop(&self.by, asked.session).await?)
    }

    /// A page of events, as many as fit.
    pub(super) async fn list_events(&self, asked: ListEvents) -> Answered {
        let limit = asked.limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE);
        let (engine, session) = (&self.app.engine, asked.session);
        let found = match asked.after {
            Some(after) => engine.events_after(&self.by, session, after, limit).await?,
            None => engine.events_before(&self.by, session, u64::MAX, limit).await?,
        };
        let mut left = MAX_EVENTS_BYTES;
        let fits = |event: &&holt_core::event::Event| {
            left = left.saturating_sub(event.body.len());
            left > 0
        };
        // The newest are worth most where the newest were asked for.
        let shown: Vec<Value> = if asked.after.is_some() {
            found.iter().take_while(fits).map(as_value).collect()
        } else {
            let newest: Vec<_> = found.iter().rev().take_while(fits).map(as_value).collect();
            newest.into_iter().rev().collect()
        };
        let whole = shown.len() == found.len();
        Ok(told(&json!({ "events": shown, "truncated": !whole })))
    }
}

fn as_value(event: &holt_core::event::Event) -> Value {
    serde_json::from_str(&event.to_json()).unwrap_or_default()
}

fn facts(value: &impl serde::Serialize) -> Answered {
    Ok(told(&serde_json::to_value(value).map_err(|_| ApiError::internal("an answer cannot be written"))?))
}

fn not_a_status(word: &str) -> ApiError {
    let message = format!("`{}` is not a status", bounds::shown(word));
    let hint = "The statuses are idle, running, waiting, asleep, ending, ended and failed.";
    ApiError::new(axum::http::StatusCode::BAD_REQUEST, "bad_query", message, hint)
}
