//! Signing a browser in: a link carries a one-use code, the page exchanges it for a key of its own.

use std::time::Instant;

use axum::Json;
use axum::extract::FromRequest as _;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use holt_api::{CreatedKey, Scope, SignIn, SignInCode, bounds};
use utoipa_axum::routes;

use crate::auth::keyring::{NewKey, Proved};
use crate::auth::sign_in::browser_name;
use crate::auth::{Caller, Client, admit};
use crate::clock::now;
use crate::error::{ApiError, ApiResult};
use crate::http::body::JsonBody;
use crate::router::Declared;
use crate::state::App;

/// Exchanges a one-use code for a key that can be revoked by itself.
#[utoipa::path(post, path = "/v2/sign-in", tag = "access", request_body = SignIn,
    responses((status = 201, description = "The key.", body = CreatedKey)))]
async fn sign_in(State(app): State<App>, request: Request) -> ApiResult<(StatusCode, Json<CreatedKey>)> {
    let (parts, body) = request.into_parts();
    let client = Client::of(&parts);
    check_safe(client)?;
    let tried = Instant::now();
    if let Some(address) = client.address {
        admit(&app, address, tried)?;
    }
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let JsonBody(asked) = JsonBody::<SignIn>::from_request(Request::from_parts(parts, body), &app).await?;
    asked.name.as_deref().map_or(Ok(()), bounds::check_key_name)?;
    let Some(by) = app.sign_ins.spend(&asked.code, now()) else {
        if let Some(address) = client.address {
            app.throttle.failed(address, tried);
        }
        return Err(wrong_code());
    };
    let name = asked.name.unwrap_or_else(|| browser_name(agent.as_deref()));
    let by = by.principal;
    let new = NewKey { name, owner: by.owner, scopes: by.scopes, expires_at: None, rules: by.rules };
    let (key, record) = app.keyring.create(new).await?;
    Ok((StatusCode::CREATED, Json(CreatedKey { key, record: record.into() })))
}

/// A key that crosses a network must do so encrypted.
fn check_safe(client: Client) -> ApiResult<()> {
    let near = client.address.is_none_or(|address| address.to_canonical().is_loopback());
    if near || client.tls {
        return Ok(());
    }
    let message = "signing in from another machine needs an encrypted connection";
    let hint = "Use the https address, or come through ssh.";
    Err(ApiError::new(StatusCode::FORBIDDEN, "needs_tls", message, hint))
}

fn wrong_code() -> ApiError {
    let message = "this sign-in code is wrong, used or older than five minutes";
    ApiError::new(StatusCode::UNAUTHORIZED, "bad_code", message, "Make a new link with `holt open`.")
}

/// Makes a link that signs one browser in, once, within five minutes.
#[utoipa::path(post, path = "/v2/sign-in/codes", tag = "access",
    responses((status = 201, description = "The link and its code.", body = SignInCode)))]
async fn create_sign_in_code(State(app): State<App>, caller: Caller) -> (StatusCode, Json<SignInCode>) {
    (StatusCode::CREATED, Json(make_code(&app, caller.proved())))
}

pub(crate) fn make_code(app: &App, by: Proved) -> SignInCode {
    let (code, expires_at) = app.sign_ins.make(by, now());
    let url = format!("{}/#code={code}", app.address.get().map_or("", String::as_str));
    SignInCode { code, url, expires_at }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::public(routes!(sign_in)), Declared::needs(Scope::Admin, routes!(create_sign_in_code))]
}
