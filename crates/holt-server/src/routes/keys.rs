//! Keys, and who the caller is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::{CreateKey, CreatedKey, Key, KeyId, KeyList, Me, OwnerId, Scope, bounds};
use holt_core::access::KeyRecord;
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::auth::keyring::{NewKey, OWNER};
use crate::clock::now;
use crate::error::{ApiError, ApiResult};
use crate::http::body::JsonBody;
use crate::http::params::KeyParam;
use crate::router::Declared;
use crate::state::{App, unenforced};

/// Lists the keys. What a key itself is, is known to nobody but its holder.
#[utoipa::path(get, path = "/v2/keys", tag = "access", responses((status = 200, description = "All keys.", body = KeyList)))]
async fn list_keys(State(app): State<App>) -> ApiResult<Json<KeyList>> {
    let with_spent = |record: KeyRecord| {
        let (spent, spent_today) = app.engine.spent_by_key(record.id);
        Key { spent, spent_today, ..record.into() }
    };
    let items = app.keyring.list(None).await?.into_iter().map(with_spent).collect();
    Ok(Json(KeyList { items }))
}

/// Makes a key. It is shown this once.
#[utoipa::path(post, path = "/v2/keys", tag = "access", request_body = CreateKey,
    responses((status = 201, description = "The key.", body = CreatedKey)))]
async fn create_key(
    State(app): State<App>,
    caller: Caller,
    JsonBody(request): JsonBody<CreateKey>,
) -> ApiResult<(StatusCode, Json<CreatedKey>)> {
    bounds::check_create_key(&request)?;
    if request.expires_at.is_some_and(|at| at <= now()) {
        let hint = "Give a time ahead, in milliseconds since 1970.";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_expiry", "`expires_at` has passed already", hint));
    }
    let CreateKey { name, scopes, owner, expires_at, rules } = request;
    let owner = owner.unwrap_or_else(|| caller.principal.owner.clone());
    check_owner(&app, &owner).await?;
    let (key, record) = app.keyring.create(NewKey { name, owner, scopes, expires_at, rules }).await?;
    Ok((StatusCode::CREATED, Json(CreatedKey { key, record: record.into() })))
}

/// Several owners on one machine need limits that hold: else what one's agent does takes from the others.
async fn check_owner(app: &App, owner: &OwnerId) -> ApiResult<()> {
    if owner.as_str() == OWNER {
        return Ok(());
    }
    let findings = app.findings().await;
    let open: Vec<&str> = unenforced(&findings).iter().map(|finding| finding.name.as_str()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let message = format!("this machine cannot enforce {}, so that it serves one owner only", open.join(", "));
    let hint = "`holt doctor` says how to mend it.";
    Err(ApiError::new(StatusCode::CONFLICT, "limits_not_enforced", message, hint))
}

/// Revokes a key: it opens nothing any more, and what it has open ends. Everybody may revoke the key that they use.
#[utoipa::path(delete, path = "/v2/keys/{id}", tag = "access", params(("id" = KeyId, Path, description = "The key's id.")),
    responses((status = 204, description = "It is revoked.")))]
async fn revoke_key(State(app): State<App>, caller: Caller, KeyParam(id): KeyParam) -> ApiResult<StatusCode> {
    let by = &caller.principal;
    if by.key != Some(id) && !by.may(Scope::Admin) {
        let hint = "Use a key that has the scope `admin`.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "not_allowed", "this is not the key that you use", hint));
    }
    if !app.keyring.list(None).await?.iter().any(|record| record.id == id) {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "key_not_found",
            "there is no such key",
            "List the keys with `holt key ls`.",
        ));
    }
    app.keyring.revoke(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says who the caller is, and what they may do.
#[utoipa::path(get, path = "/v2/me", tag = "access", responses((status = 200, description = "The caller.", body = Me)))]
async fn who_am_i(caller: Caller) -> Json<Me> {
    let principal = caller.principal;
    Json(Me { owner: principal.owner, name: principal.name, scopes: principal.scopes, key: principal.key })
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::Admin, routes!(list_keys)),
        Declared::needs(Scope::Admin, routes!(create_key)),
        Declared::needs(Scope::View, routes!(revoke_key)),
        Declared::needs(Scope::View, routes!(who_am_i)),
    ]
}
