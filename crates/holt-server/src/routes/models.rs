//! The providers of models: what there is, adding, testing and removing. A key goes in and never comes out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::{ProviderInfo, ProviderList, ProviderTest, PutProvider, Scope};
use holt_core::provider::ProviderError;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::http::body::JsonBody;
use crate::http::params::ProviderParam;
use crate::router::Declared;
use crate::state::App;

/// Lists the providers of models, with the models that each offers.
#[utoipa::path(get, path = "/v2/models", tag = "models",
    responses((status = 200, description = "All providers.", body = ProviderList)))]
async fn list_providers(State(app): State<App>) -> Json<ProviderList> {
    Json(app.providers.list().await)
}

/// Adds a provider of models, changes it, or gives it another key. It counts from the next request of every session on.
#[utoipa::path(put, path = "/v2/models/{name}", tag = "models", request_body = PutProvider,
    params(("name" = String, Path, description = "What the provider is called, such as `openai` or `my-server`.")),
    responses((status = 200, description = "The provider.", body = ProviderInfo)))]
async fn put_provider(
    State(app): State<App>,
    ProviderParam(name): ProviderParam,
    JsonBody(request): JsonBody<PutProvider>,
) -> ApiResult<Json<ProviderInfo>> {
    let PutProvider { settings, key } = request;
    Ok(Json(app.providers.put(&name, settings, key.map(Into::into)).await?))
}

/// Removes a provider and its key.
#[utoipa::path(delete, path = "/v2/models/{name}", tag = "models",
    params(("name" = String, Path, description = "The provider.")),
    responses((status = 204, description = "It is removed.")))]
async fn remove_provider(State(app): State<App>, ProviderParam(name): ProviderParam) -> ApiResult<StatusCode> {
    app.providers.remove(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks a provider whether it answers and takes the key. That costs nothing: it is asked for its models alone.
#[utoipa::path(post, path = "/v2/models/{name}/test", tag = "models",
    params(("name" = String, Path, description = "The provider.")),
    responses((status = 200, description = "What came of it.", body = ProviderTest)))]
async fn test_provider(State(app): State<App>, ProviderParam(name): ProviderParam) -> ApiResult<Json<ProviderTest>> {
    Ok(Json(app.providers.test(&name).await?))
}

impl From<ProviderError> for ApiError {
    fn from(error: ProviderError) -> Self {
        let words = error.to_string();
        let say = |status, code: &'static str, hint: &'static str| Self::new(status, code, words.clone(), hint);
        match error {
            ProviderError::Invalid(_) => {
                say(StatusCode::BAD_REQUEST, "bad_provider", "`/docs` and `holt models add --help` say what a provider needs.")
            }
            ProviderError::NotFound(_) => {
                say(StatusCode::NOT_FOUND, "provider_not_found", "List the providers with `holt models ls`.")
            }
            ProviderError::Fixed(_) => {
                say(StatusCode::CONFLICT, "provider_fixed", "Take it out of the environment or of holt.toml, and start again.")
            }
            ProviderError::Store(error) => error.into(),
            ProviderError::Model(error) => Self::new(StatusCode::BAD_GATEWAY, error.code(), words, error.hint()),
        }
    }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::View, routes!(list_providers)),
        Declared::needs(Scope::Admin, routes!(put_provider)),
        Declared::needs(Scope::Admin, routes!(remove_provider)),
        Declared::needs(Scope::Admin, routes!(test_provider)),
    ]
}
