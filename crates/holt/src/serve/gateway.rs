//! What the model gateway knows of the rest: keys, budgets, prices.

use async_trait::async_trait;
use holt_core::budget::{Bound, Usage};
use holt_core::id::SessionId;
use holt_engine::Engine;
use holt_gateway::{Gateway, House, Limits, Provider, Upstream};
use holt_models::anthropic;
use std::sync::Arc;

use crate::config;

/// The gateway of this server.
pub fn gateway(engine: &Engine, models: &config::Models) -> Gateway {
    Gateway::new(Arc::new(Books { engine: engine.clone(), models: models.clone() }), Limits::default())
}

struct Books {
    engine: Engine,
    models: config::Models,
}

#[async_trait]
impl House for Books {
    async fn upstream(&self, provider: Provider) -> Option<Upstream> {
        let (key, address) = match provider {
            Provider::Anthropic => (self.models.anthropic_key.clone(), self.models.anthropic_url.clone()),
            Provider::OpenAi | Provider::Gemini => (None, None),
        };
        Some(Upstream { address: address.unwrap_or_else(|| provider.usual_address().to_owned()), key: key? })
    }

    async fn refused(&self, session: SessionId) -> Result<Option<Bound>, ()> {
        self.engine.models_refused(session).await.map_err(|error| {
            tracing::warn!(%session, %error, "nobody can say what is left of a budget");
        })
    }

    async fn used(&self, session: SessionId, provider: Provider, model: String, mut usage: Usage) {
        usage.cost_micros = cost(&model, usage);
        if let Err(error) = self.engine.model_used(session, provider.as_str(), &model, usage).await {
            tracing::warn!(%session, %error, "what was used of a model could not be written down");
        }
    }
}

/// What it cost, where the price is known. What was written to caches is counted as other input.
fn cost(model: &str, usage: Usage) -> u64 {
    let offers = anthropic::Options::default().models;
    let Some(price) = offers.iter().find(|offer| model.starts_with(&offer.id)).and_then(|offer| offer.price) else { return 0 };
    let plain = usage.input_tokens.saturating_sub(usage.cached_tokens);
    let parts = [(plain, price.input), (usage.cached_tokens, price.cache_read), (usage.output_tokens, price.output)];
    let micros: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
    u64::try_from(micros / 1_000_000).unwrap_or(u64::MAX)
}
