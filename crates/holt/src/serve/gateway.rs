//! What the model gateway knows of the rest: keys, budgets, prices.

use async_trait::async_trait;
use holt_core::budget::{Reached, Usage};
use holt_core::id::SessionId;
use holt_engine::Engine;
use holt_gateway::{Gateway, House, Limits, Provider, Upstream};
use holt_models::Registry;
use std::sync::Arc;

/// The gateway of this server.
pub fn gateway(engine: &Engine, models: Arc<Registry>) -> Gateway {
    Gateway::new(Arc::new(Books { engine: engine.clone(), models }), Limits::default())
}

struct Books {
    engine: Engine,
    models: Arc<Registry>,
}

#[async_trait]
impl House for Books {
    async fn upstream(&self, provider: Provider) -> Option<Upstream> {
        let name = match provider {
            Provider::Anthropic => "anthropic",
            Provider::OpenAi => "openai",
            Provider::Gemini => "gemini",
        };
        let options = self.models.models().providers().into_iter().find(|options| options.name == name)?;
        let base = options.base_url.trim_end_matches('/');
        let address = base.strip_suffix("/v1").unwrap_or(base).to_owned();
        Some(Upstream { key: options.key?, address })
    }

    async fn refused(&self, session: SessionId) -> Result<Option<Reached>, ()> {
        self.engine.models_refused(session).await.map_err(|error| {
            tracing::warn!(%session, %error, "nobody can say what is left of a budget");
        })
    }

    async fn used(&self, session: SessionId, provider: Provider, model: String, usage: Usage) {
        let usage = self.models.priced(&model, usage);
        if let Err(error) = self.engine.model_used(session, provider.as_str(), &model, usage).await {
            tracing::warn!(%session, %error, "what was used of a model could not be written down");
        }
    }
}
