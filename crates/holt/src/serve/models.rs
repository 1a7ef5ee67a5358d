//! The providers of models: what the configuration says of them, next to what people added.

use std::sync::Arc;

use holt_core::vault::Vault;
use holt_models::{ConfigError, Prices, Registry, Setup};

use crate::config::{self, read_text};
use crate::failure::Failure;

/// The most bytes of a file of prices.
const MAX_PRICES_BYTES: usize = 1024 * 1024;

pub async fn registry(models: &config::Models, vault: Arc<dyn Vault>) -> Result<Arc<Registry>, Failure> {
    let setup = Setup {
        default_model: models.default.clone(),
        fallbacks: models.fallbacks.clone(),
        given: models.given.clone(),
        find_ollama: models.find_ollama,
        local_context: Some(models.local_context),
        prices: prices(models)?,
        effort: models.effort,
        demo: holt_models::demo::Options::default(),
    };
    Registry::new(setup, vault).await.map(Arc::new).map_err(|error| invalid(&error))
}

fn prices(models: &config::Models) -> Result<Prices, Failure> {
    let known = Prices::known().map_err(|error| invalid(&error))?;
    let Some(path) = &models.prices else { return Ok(known) };
    let text = read_text(path, MAX_PRICES_BYTES)?.ok_or_else(|| Failure::file(path, &std::io::ErrorKind::NotFound.into()))?;
    let own = Prices::read(&text).map_err(|error| {
        let hint = "It looks like {\"as_of\": \"2026-01-31\", \"models\": {\"gpt-5\": {\"input\": 1.25, \"output\": 10}}}, in dollars per million tokens.";
        Failure::usage("prices_invalid", format!("{}: {error}", path.display()), hint)
    })?;
    Ok(known.with(own))
}

fn invalid(error: &ConfigError) -> Failure {
    Failure::usage("models_invalid", error.to_string(), "`holt config` shows the settings of models and where they come from.")
}
