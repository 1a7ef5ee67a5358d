//! All models that can be asked, behind one `Model`. What it holds is replaced as a whole while requests are under way.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use futures::stream::BoxStream;
use holt_core::model::{Model, ModelError, ModelEvent, ModelInfo, ModelRequest};

use crate::ConfigError;
use crate::demo::{self, Demo};
use crate::fallback::{self, Candidates};
use crate::options::Options;
use crate::provider::Provider;

/// Which providers there are, and how each is reached.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// What new sessions use when nobody chooses. Absent: the first model that somebody added, else the demo.
    pub default_model: Option<String>,
    /// Who is asked when a model cannot answer, in this order.
    pub fallbacks: Vec<String>,
    /// Those that somebody added.
    pub providers: Vec<Options>,
    /// Those that were found without anybody saying so.
    pub found: Vec<Options>,
    pub demo: demo::Options,
}

/// Finds the provider of a model by the model's id. Clones are the same.
#[derive(Clone)]
pub struct Models {
    now: Arc<RwLock<Arc<Catalogue>>>,
}

/// What there is at one time.
struct Catalogue {
    providers: Vec<Arc<dyn Model>>,
    options: Vec<Options>,
    models: Vec<ModelInfo>,
    default_model: String,
    fallbacks: Vec<String>,
}

impl Models {
    /// # Errors
    /// When a provider's settings cannot be used.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        Ok(Self { now: Arc::new(RwLock::new(Arc::new(Catalogue::new(config)?))) })
    }

    /// Puts other providers in the place of those that there are. Requests that are under way end as they began.
    ///
    /// # Errors
    /// When a provider's settings cannot be used; then everything stays.
    pub fn replace(&self, config: Config) -> Result<(), ConfigError> {
        let next = Arc::new(Catalogue::new(config)?);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    fn now(&self) -> Arc<Catalogue> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether nothing but the demo can be asked, so that people should be told how to add a key.
    pub fn is_demo_only(&self) -> bool {
        self.now().models.iter().all(|model| model.provider == demo::PROVIDER)
    }

    pub fn info(&self, id: &str) -> Option<ModelInfo> {
        self.now().models.iter().find(|model| model.id == id).cloned()
    }

    /// How each provider is reached, its key included: for what stands between other programs and models.
    pub fn providers(&self) -> Vec<Options> {
        self.now().options.clone()
    }
}

impl Catalogue {
    fn new(config: Config) -> Result<Self, ConfigError> {
        let first_found = config.providers.len();
        let mut options: Vec<Options> = config.providers.into_iter().chain(config.found).collect();
        keep_apart(&mut options);
        let mut providers: Vec<Arc<dyn Model>> = Vec::new();
        for provider in &options {
            providers.push(Arc::new(Provider::new(provider.clone())?));
        }
        providers.push(Arc::new(Demo::new(config.demo)));
        let models: Vec<ModelInfo> = providers.iter().flat_map(|provider| provider.models()).collect();
        let known = |id: &String| models.iter().any(|model| model.id == *id);
        let added = options[..first_found].iter().flat_map(|provider| &provider.models).map(|offer| offer.id.clone()).next();
        let default_model = config.default_model.filter(known).or(added).unwrap_or_else(|| demo::MODEL.to_owned());
        Ok(Self { providers, options, models, default_model, fallbacks: config.fallbacks })
    }

    /// Who is asked for a model: its provider, and then those that stand in for it.
    fn candidates(&self, request: &ModelRequest) -> Candidates {
        let able = |id: &String| {
            let info = self.models.iter().find(|model| model.id == *id);
            info.is_some_and(|info| info.tools || request.tools.is_empty())
        };
        let instead = self.fallbacks.iter().filter(|id| **id != request.model && able(id));
        let asked = self.provider(&request.model).map(|provider| (provider, request.model.clone()));
        let others = instead.filter_map(|id| self.provider(id).map(|provider| (provider, id.clone())));
        // A model that nobody offers was never a choice; others do not stand in for it.
        asked.into_iter().chain(others).take(if self.provider(&request.model).is_some() { usize::MAX } else { 0 }).collect()
    }

    fn provider(&self, id: &str) -> Option<Arc<dyn Model>> {
        self.providers.iter().find(|provider| provider.models().iter().any(|model| model.id == id)).cloned()
    }
}

/// Where two models would have the same id, the later one's says whose it is.
fn keep_apart(options: &mut [Options]) {
    let mut taken = std::collections::HashSet::from([demo::MODEL.to_owned()]);
    for provider in options {
        for offer in &mut provider.models {
            if !taken.insert(offer.id.clone()) {
                offer.id = format!("{}/{}", provider.name, offer.id);
                taken.insert(offer.id.clone());
            }
        }
        let mut own = std::collections::HashSet::new();
        provider.models.retain(|offer| own.insert(offer.id.clone()));
    }
}

impl Model for Models {
    fn models(&self) -> Vec<ModelInfo> {
        self.now().models.clone()
    }

    fn default_model(&self) -> Option<String> {
        Some(self.now().default_model.clone())
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        let candidates = self.now().candidates(&request);
        fallback::ask(request, candidates)
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.now();
        let ids: Vec<&str> = now.models.iter().map(|model| model.id.as_str()).collect();
        f.debug_struct("Models").field("models", &ids).field("default_model", &now.default_model).finish()
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::*;
    use crate::kind::{Kind, Settings};
    use crate::price::Prices;

    fn provider(kind: Kind, name: &str) -> Options {
        let settings = Settings { base_url: Some("https://x.example".into()), ..Settings::of(kind) };
        settings.options(name, Some("key".into()), &Prices::known().unwrap(), None).unwrap()
    }

    fn models(providers: Vec<Options>, default: Option<&str>) -> Models {
        Models::new(Config { providers, default_model: default.map(str::to_owned), ..Config::default() }).unwrap()
    }

    fn default(models: &Models) -> String {
        models.default_model().unwrap()
    }

    #[test]
    fn without_a_key_there_is_the_demo() {
        let models = models(vec![], None);
        assert_eq!(default(&models), "demo");
        assert!(models.is_demo_only());
        let demo = models.info("demo").unwrap();
        assert!(demo.label.contains("Demo") && demo.note.contains("No language model"));
    }

    #[test]
    fn with_a_key_a_real_model_is_the_default_and_the_demo_stays() {
        let anthropic = || vec![provider(Kind::Anthropic, "anthropic")];
        let with_key = models(anthropic(), None);
        assert_eq!(default(&with_key), "claude-sonnet-5-5");
        assert!(!with_key.is_demo_only() && with_key.info("demo").is_some());
        assert_eq!(default(&models(anthropic(), Some("demo"))), "demo");
        assert_eq!(default(&models(anthropic(), Some("gone"))), "claude-sonnet-5-5", "what is gone is no default");
    }

    #[test]
    fn what_was_found_can_be_chosen_but_is_not_chosen() {
        let mut found = provider(Kind::Ollama, "ollama");
        found.models = vec![crate::options::Offer::new("ollama/x")];
        let models = Models::new(Config { found: vec![found], ..Config::default() }).unwrap();
        assert!(!models.is_demo_only() && models.info("ollama/x").is_some());
        assert_eq!(default(&models), "demo");
    }

    #[test]
    fn two_of_a_name_are_kept_apart() {
        let models = models(vec![provider(Kind::Anthropic, "anthropic"), provider(Kind::Anthropic, "work")], None);
        assert_eq!(models.info("claude-sonnet-5-5").unwrap().provider, "anthropic");
        assert_eq!(models.info("work/claude-sonnet-5-5").unwrap().provider, "work");
    }

    #[test]
    fn providers_come_and_go_while_it_runs() {
        let models = models(vec![], None);
        let same = models.clone();
        models.replace(Config { providers: vec![provider(Kind::Openai, "openai")], ..Config::default() }).unwrap();
        assert_eq!(default(&same), "gpt-6.1-sol");
        let wrong = Options { base_url: "ftp://x".into(), ..provider(Kind::Openai, "openai") };
        assert!(models.replace(Config { providers: vec![wrong], ..Config::default() }).is_err());
        assert_eq!(default(&same), "gpt-6.1-sol", "what cannot be used changes nothing");
    }

    #[tokio::test]
    async fn an_unknown_model_is_said_to_be_unknown() {
        let request =
            ModelRequest { model: "gpt-0".into(), system: String::new(), turns: vec![], tools: vec![], max_output_tokens: 10 };
        let config = Config { fallbacks: vec!["demo".into()], ..Config::default() };
        let answer: Vec<_> = Models::new(config).unwrap().stream(request).collect().await;
        assert_eq!(answer, [Err(ModelError::Unknown("gpt-0".into()))]);
    }
}
