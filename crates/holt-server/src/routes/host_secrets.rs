//! Secrets for hosts: added outside to what sessions send there, and never shown again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::{HostSecret, HostSecretList, KeepHostSecret, Scope};
use holt_core::network::HostPattern;
use holt_core::vault::{MAX_SECRET_BYTES, SecretName};
use holt_engine::EngineError;
use secrecy::SecretString;
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::{ApiError, ApiResult};
use crate::http::body::JsonBody;
use crate::http::params::HostParam;
use crate::router::Declared;
use crate::state::App;

/// Where they are kept.
const BELOW: &str = "egress";

/// Lists the hosts that a secret is kept for. The secrets themselves are nowhere to be read.
#[utoipa::path(get, path = "/v2/hosts/secrets", tag = "access",
    responses((status = 200, description = "The hosts.", body = HostSecretList)))]
async fn list_host_secrets(State(app): State<App>, _caller: Caller) -> ApiResult<Json<HostSecretList>> {
    let kept = app.vault.below(BELOW).await.map_err(EngineError::from)?;
    let host = |name: &SecretName| name.as_str().strip_prefix(BELOW)?.strip_prefix('/').map(str::to_owned);
    let items = kept.into_iter().filter_map(|kept| Some(HostSecret { host: host(&kept.name)?, kept_at: kept.kept_at }));
    Ok(Json(HostSecretList { items: items.collect() }))
}

/// Keeps a secret for a host, in place of an earlier one.
///
/// It is a header, `Name: value`, or a token alone, which is sent as `Authorization: Bearer`. It is added to every HTTPS
/// request of a session whose policy lets it reach the host; the sandbox never has it.
#[utoipa::path(put, path = "/v2/hosts/secrets/{host}", tag = "access",
    params(("host" = String, Path, description = "A name, and `:port` when that is not 443.")),
    request_body = KeepHostSecret, responses((status = 204, description = "It is kept.")))]
async fn keep_host_secret(
    State(app): State<App>,
    _caller: Caller,
    HostParam(host): HostParam,
    JsonBody(request): JsonBody<KeepHostSecret>,
) -> ApiResult<StatusCode> {
    let name = name(&host)?;
    let secret = request.secret.trim();
    if secret.is_empty() || secret.len() > MAX_SECRET_BYTES || secret.contains(['\r', '\n', '\0']) {
        let hint = "Give a token, or a header as `Name: value`, on one line.";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_secret", "this is no secret that can be sent", hint));
    }
    app.vault.keep(&name, SecretString::from(secret)).await.map_err(EngineError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets the secret of a host.
#[utoipa::path(delete, path = "/v2/hosts/secrets/{host}", tag = "access",
    params(("host" = String, Path, description = "As it was kept.")),
    responses((status = 204, description = "It is forgotten.")))]
async fn forget_host_secret(State(app): State<App>, _caller: Caller, HostParam(host): HostParam) -> ApiResult<StatusCode> {
    if app.vault.forget(&name(&host)?).await.map_err(EngineError::from)? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let hint = "List the hosts with `holt secret ls`.";
    Err(ApiError::new(StatusCode::NOT_FOUND, "secret_not_found", "no secret is kept for this host", hint))
}

/// One host by its name: nothing else can prove to be it.
fn name(host: &str) -> ApiResult<SecretName> {
    let host = host.to_ascii_lowercase();
    let plain = host.parse::<HostPattern>().is_ok_and(|pattern| pattern.is_one_name());
    let name = plain.then(|| SecretName::new(format!("{BELOW}/{host}")).ok()).flatten();
    name.ok_or_else(|| {
        let hint = "Give a name such as `api.github.com`, and `:port` when that is not 443.";
        ApiError::new(StatusCode::BAD_REQUEST, "bad_host", "this is not the name of one host", hint)
    })
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::Admin, routes!(list_host_secrets)),
        Declared::needs(Scope::Admin, routes!(keep_host_secret)),
        Declared::needs(Scope::Admin, routes!(forget_host_secret)),
    ]
}
