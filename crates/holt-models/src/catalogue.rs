//! All models that can be asked, behind one `Model`.

use std::fmt;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::model::{Model, ModelError, ModelEvent, ModelInfo, ModelRequest};
use serde::Deserialize;

use crate::ConfigError;
use crate::anthropic::{self, Anthropic};
use crate::demo::{self, Demo};

/// Which providers there are, and how each is reached.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What new sessions use when nobody chooses. Absent: the first model of a provider that has a key, else the demo.
    pub default_model: Option<String>,
    pub anthropic: anthropic::Options,
    pub demo: demo::Options,
}

/// Finds the provider of a model by the model's id.
#[derive(Clone)]
pub struct Models {
    providers: Vec<Arc<dyn Model>>,
    default_model: String,
}

impl Models {
    /// # Errors
    /// When a provider's settings cannot be used, or the default is no model of any provider.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let mut providers: Vec<Arc<dyn Model>> = Vec::new();
        if config.anthropic.has_key() {
            providers.push(Arc::new(Anthropic::new(config.anthropic)?));
        }
        providers.push(Arc::new(Demo::new(config.demo)));
        Self::of(providers, config.default_model)
    }

    /// Out of providers that are made already. The first model of the first of them is the default unless another is named.
    ///
    /// # Errors
    /// When two models have the same id, there is none at all, or the default is none of them.
    pub fn of(providers: Vec<Arc<dyn Model>>, default_model: Option<String>) -> Result<Self, ConfigError> {
        let models: Vec<ModelInfo> = providers.iter().flat_map(|provider| provider.models()).collect();
        for (at, model) in models.iter().enumerate() {
            if models[..at].iter().any(|other| other.id == model.id) {
                return Err(ConfigError::new(format!("two models are named `{}`", model.id)));
            }
        }
        let first = models.first().ok_or_else(|| ConfigError::new("no provider offers a model"))?.id.clone();
        let default_model = default_model.unwrap_or(first);
        if !models.iter().any(|model| model.id == default_model) {
            let known: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
            return Err(ConfigError::new(format!(
                "the default model `{default_model}` is none of those that can be asked ({}); does its provider lack a key?",
                known.join(", ")
            )));
        }
        Ok(Self { providers, default_model })
    }

    /// What new sessions use when nobody chooses.
    pub fn default_model(&self) -> &str {
        &self.default_model
    }

    /// Whether nothing but the demo can be asked, so that people should be told how to add a key.
    pub fn is_demo_only(&self) -> bool {
        self.models().iter().all(|model| model.provider == demo::PROVIDER)
    }

    pub fn info(&self, id: &str) -> Option<ModelInfo> {
        self.models().into_iter().find(|model| model.id == id)
    }
}

impl Model for Models {
    fn models(&self) -> Vec<ModelInfo> {
        self.providers.iter().flat_map(|provider| provider.models()).collect()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        let offers = |provider: &&Arc<dyn Model>| provider.models().iter().any(|model| model.id == request.model);
        match self.providers.iter().find(offers) {
            Some(provider) => provider.stream(request),
            None => stream::iter([Err(ModelError::Unknown(request.model))]).boxed(),
        }
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.models().into_iter().map(|model| model.id).collect();
        f.debug_struct("Models").field("models", &ids).field("default_model", &self.default_model).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models(config: &str) -> Result<Models, String> {
        let config: Config = serde_json::from_str(config).map_err(|error| error.to_string())?;
        Models::new(config).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_key_there_is_the_demo() {
        let models = models("{}").unwrap();
        assert_eq!(models.default_model(), "demo");
        assert!(models.is_demo_only());
        let demo = models.info("demo").unwrap();
        assert!(demo.label.contains("Demo") && demo.note.contains("No language model"));
    }

    #[test]
    fn with_a_key_a_real_model_is_the_default_and_the_demo_stays() {
        let with_key = models(r#"{"anthropic": {"key": "sk-ant-x"}}"#).unwrap();
        assert_eq!(with_key.default_model(), "claude-sonnet-4-5");
        assert!(!with_key.is_demo_only());
        assert!(with_key.info("demo").is_some());
        let chosen = models(r#"{"anthropic": {"key": "sk-ant-x"}, "default_model": "demo"}"#).unwrap();
        assert_eq!(chosen.default_model(), "demo");
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        assert!(models(r#"{"default_model": "claude-sonnet-4-5"}"#).unwrap_err().contains("lack a key"));
        assert!(models(r#"{"anthropic": {"keey": "x"}}"#).unwrap_err().contains("keey"));
        assert!(models(r#"{"anthropic": {"key": "  "}}"#).unwrap().is_demo_only(), "a blank key is none");
        let twice = r#"{"anthropic": {"key": "x", "models": [{"id": "demo", "label": "Not the demo"}]}}"#;
        assert!(models(twice).unwrap_err().contains("two models"));
    }

    #[tokio::test]
    async fn an_unknown_model_is_said_to_be_unknown() {
        let request =
            ModelRequest { model: "gpt-0".into(), system: String::new(), turns: vec![], tools: vec![], max_output_tokens: 10 };
        let answer: Vec<_> = models("{}").unwrap().stream(request).collect().await;
        assert_eq!(answer, [Err(ModelError::Unknown("gpt-0".into()))]);
    }
}
