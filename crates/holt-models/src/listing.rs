//! What a provider says that it has. Asking costs nothing, and proves that the address answers and the key is taken.

use std::time::Duration;

use holt_core::model::ModelError;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::asking::{bounded, retry_after, unreachable};
use crate::endpoint::below;
use crate::errors::Failure;
use crate::kind::Settings;
use crate::options::{Offer, Thinking};
use crate::price::{Prices, Tariff, per_token};
use crate::provider::{Provider, Shared};
use crate::wire::Wire;

/// The most that a list may have.
const MAX_LIST_BYTES: usize = 8 * 1024 * 1024;
/// The most models of one provider.
const MAX_MODELS: usize = 400;
/// The most models that are looked at one by one.
const MAX_LOOKED_AT: usize = 50;
/// How long a list may take. What is on this machine answers at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// All models that a provider says it has, by what it says of them.
pub(crate) async fn list(provider: &Provider, settings: &Settings, prices: &Prices) -> Result<Vec<Offer>, ModelError> {
    let shared = &provider.shared;
    let late = |_| ModelError::Unreachable(format!("it did not answer within {} seconds", PATIENCE.as_secs()));
    let asked = async {
        match shared.options.wire {
            Wire::Ollama => local(shared, settings, prices).await,
            _ => remote(shared, settings, prices).await,
        }
    };
    timeout(PATIENCE, asked).await.map_err(late)?
}

async fn remote(shared: &Shared, settings: &Settings, prices: &Prices) -> Result<Vec<Offer>, ModelError> {
    let (path, query) = match shared.options.wire {
        Wire::Anthropic => ("v1/models", Some("limit=100")),
        Wire::Gemini => ("v1beta/models", Some("pageSize=200")),
        _ => ("models", None),
    };
    let mut url = below(&shared.base, path);
    url.set_query(query);
    let listed = get(shared, url).await?;
    if shared.base.host_str() == Some("openrouter.ai") && shared.options.key().is_some() {
        // Its list is open to everybody; only this looks at the key.
        get(shared, below(&shared.base, "key")).await?;
    }
    let models = listed["data"].as_array().or_else(|| listed["models"].as_array());
    let models = models.ok_or_else(|| ModelError::Malformed("it sent no list of models".into()))?;
    let offer = |told: &Value| offer(told, &shared.options.name, settings, prices);
    Ok(models.iter().filter_map(offer).take(MAX_MODELS).collect())
}

/// One model as a list tells of it. Most tell its name alone.
fn offer(told: &Value, provider: &str, settings: &Settings, prices: &Prices) -> Option<Offer> {
    let name = told["id"].as_str().or_else(|| told["name"].as_str())?;
    let name = name.strip_prefix("models/").unwrap_or(name);
    if !is_name(name) {
        return None;
    }
    let mut offer = settings.offer(provider, name, prices);
    let context = ["max_model_len", "context_length", "inputTokenLimit", "max_context_length"];
    let context = context.iter().find_map(|field| told[*field].as_u64()).or_else(|| told["meta"]["n_ctx_train"].as_u64());
    offer.context_tokens = context.filter(|tokens| *tokens >= 512).unwrap_or(offer.context_tokens);
    if let Some(parameters) = told["supported_parameters"].as_array() {
        offer.tools = parameters.iter().any(|parameter| parameter == "tools");
        if parameters.iter().any(|parameter| parameter == "reasoning") {
            offer.thinking = Thinking::Effort;
        }
    }
    if let Some(kinds) = told["architecture"]["input_modalities"].as_array() {
        offer.pictures = kinds.iter().any(|kind| kind == "image");
    }
    let price = |field: &str| told["pricing"][field].as_str().and_then(|text| text.parse::<f64>().ok());
    if let (Some(input), Some(output)) = (price("prompt"), price("completion")) {
        offer.tariff = per_token(input, output, price("input_cache_read"), price("input_cache_write")).or(offer.tariff);
    }
    Some(offer)
}

/// Names are the provider's, but they become ids that people type and that go into addresses.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-:/@+".contains(c);
    (1..=200).contains(&name.len()) && name.chars().all(fits) && !name.contains("..")
}

/// Ollama says of each model by itself what it can do.
async fn local(shared: &Shared, settings: &Settings, prices: &Prices) -> Result<Vec<Offer>, ModelError> {
    let listed = get(shared, below(&shared.base, "api/tags")).await?;
    let models = listed["models"].as_array().ok_or_else(|| ModelError::Malformed("it sent no list of models".into()))?;
    let names = models.iter().filter_map(|model| model["name"].as_str()).filter(|name| is_name(name)).take(MAX_LOOKED_AT);
    let mut offers = Vec::new();
    for name in names {
        let shown = post(shared, below(&shared.base, "api/show"), &json!({ "model": name })).await.unwrap_or_default();
        let capabilities = shown["capabilities"].as_array();
        let can = |what: &str| capabilities.is_some_and(|all| all.iter().any(|capability| capability == what));
        if capabilities.is_some() && !can("completion") {
            continue;
        }
        let offer = settings.offer(&shared.options.name, name, prices);
        let held = context_length(&shown);
        offers.push(Offer {
            note: note(held, can("tools")),
            context_tokens: held.map_or(offer.context_tokens, |held| held.min(offer.context_tokens)),
            tools: can("tools"),
            pictures: can("vision"),
            thinking: if can("thinking") { Thinking::Effort } else { Thinking::Never },
            tariff: Some(Tariff::FREE),
            ..offer
        });
    }
    Ok(offers)
}

fn note(held: Option<u64>, tools: bool) -> String {
    let held = held.map(|tokens| format!(" It could hold {tokens} tokens.")).unwrap_or_default();
    let able = if tools { "" } else { " It cannot call tools: it only talks." };
    format!("Runs on your own machine.{held}{able}")
}

/// How much the model could hold, which is said below the name of its kind.
fn context_length(shown: &Value) -> Option<u64> {
    let facts = shown["model_info"].as_object()?;
    let length = facts.iter().find(|(name, _)| name.ends_with(".context_length"))?.1.as_u64()?;
    (512..=100_000_000).contains(&length).then_some(length)
}

async fn get(shared: &Shared, url: Url) -> Result<Value, ModelError> {
    let request = shared.client()?.get(url.clone());
    read(shared, url, request).await
}

async fn post(shared: &Shared, url: Url, body: &Value) -> Result<Value, ModelError> {
    let request = shared.client()?.post(url.clone()).body(body.to_string());
    read(shared, url, request).await
}

async fn read(shared: &Shared, url: Url, request: reqwest::RequestBuilder) -> Result<Value, ModelError> {
    let response = request.send().await.map_err(|error| unreachable(error, &url))?;
    let status = response.status().as_u16();
    let retry_after_seconds = retry_after(response.headers());
    let body = bounded(response, MAX_LIST_BYTES).await;
    if status != 200 {
        let body = shared.without_key(&body);
        let failure = Failure { status: Some(status), retry_after_seconds, body: body.as_bytes(), model: "" };
        return Err(shared.options.wire.protocol().failure(failure));
    }
    serde_json::from_str(&body).map_err(|_| ModelError::Malformed("it sent something that is no list of models".into()))
}
