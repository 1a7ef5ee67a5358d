//! The providers, as people manage them while the server runs: those of its configuration, those that somebody added, whose
//! keys and settings are in the vault, and Ollama where it is found.
//!
//! After each change the catalogue is put together anew and takes the place of the old one. A provider that cannot be used
//! is shown with what is wrong with it and keeps nobody from using the others.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::join_all;
use holt_core::budget::Usage;
use holt_core::model::Model as _;
use holt_core::provider::{
    MAX_NAMED_MODELS, MAX_PROVIDER_NAME_BYTES, MAX_PROVIDER_TEXT_BYTES, ProviderError, ProviderInfo, ProviderKind, ProviderList,
    ProviderOrigin, ProviderSettings, ProviderTest, Providers,
};
use holt_core::store::StoreError;
use holt_core::vault::{MAX_SECRET_BYTES, SecretName, Vault};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use crate::catalogue::{Config, Models};
use crate::kind::{Kind, Settings};
use crate::options::{Effort, Offer, Options};
use crate::price::{Counts, Prices};
use crate::provider::Provider;
use crate::{ConfigError, demo, listing, ollama};

/// Where keys are kept.
const KEYS: &str = "models";
/// Where what people set is kept, next to the key.
const SETTINGS: &str = "providers";
/// The most providers that people may add.
const MAX_PROVIDERS: usize = 50;
/// How many of the models that a router lists are offered.
const MAX_OFFERED: usize = 60;
/// How old a list may be before it is asked for again.
const LISTED_FOR: Duration = Duration::from_secs(15);

/// What the configuration says.
#[derive(Debug)]
pub struct Setup {
    pub default_model: Option<String>,
    pub fallbacks: Vec<String>,
    pub given: Vec<Given>,
    /// Look for Ollama on this machine.
    pub find_ollama: bool,
    /// The longest context that is set for models on machines of one's own.
    pub local_context: Option<u64>,
    pub prices: Prices,
    pub effort: Option<Effort>,
    pub demo: demo::Options,
}

/// A provider of the configuration.
#[derive(Debug, Clone)]
pub struct Given {
    pub name: String,
    pub settings: Settings,
    pub key: Option<SecretString>,
}

struct Entry {
    name: String,
    settings: Settings,
    key: Option<SecretString>,
    origin: ProviderOrigin,
    /// What it said that it has.
    listed: Vec<Offer>,
    problem: Option<String>,
}

/// The providers.
pub struct Registry {
    models: Models,
    vault: Arc<dyn Vault>,
    setup: Setup,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    all: Vec<Entry>,
    /// When the lists were asked for.
    asked: Option<Instant>,
}

impl Registry {
    /// Puts together what is configured and what is kept. Nobody is asked over the network for that.
    ///
    /// # Errors
    /// When the configuration has a provider that cannot be used.
    pub async fn new(setup: Setup, vault: Arc<dyn Vault>) -> Result<Self, ConfigError> {
        let models = Models::new(Config { demo: setup.demo.clone(), ..Config::default() })?;
        let registry = Self { models, vault, setup, entries: Mutex::default() };
        for given in &registry.setup.given {
            Provider::new(registry.options(&given.name, &given.settings, given.key.clone(), &[])?)?;
        }
        let mut entries = registry.entries.lock().await;
        registry.load(&mut entries).await;
        drop(entries);
        Ok(registry)
    }

    /// The catalogue, which follows every change.
    pub fn models(&self) -> Models {
        self.models.clone()
    }

    /// What was used of a model by a program that asked for it itself, with what it cost. What was written to caches is
    /// counted as other input.
    pub fn priced(&self, model: &str, usage: Usage) -> Usage {
        Counts::of_total(usage.input_tokens, usage.output_tokens, usage.cached_tokens, 0).usage(self.setup.prices.of(model))
    }

    /// What is kept counts before what is configured under the same name.
    async fn load(&self, entries: &mut Entries) {
        let mut all: Vec<Entry> = Vec::new();
        for given in &self.setup.given {
            all.push(entry(&given.name, given.settings.clone(), given.key.clone(), ProviderOrigin::Configuration));
        }
        match self.kept().await {
            Ok(kept) => {
                for new in kept {
                    all.retain(|old| old.name != new.name);
                    all.push(new);
                }
            }
            Err(error) => tracing::error!(%error, "the kept providers of models cannot be read"),
        }
        let ollama = all.iter().any(|entry| entry.settings.kind == Kind::Ollama || entry.name == ollama::PROVIDER);
        if self.setup.find_ollama && !ollama {
            all.push(entry(ollama::PROVIDER, Settings::of(Kind::Ollama), None, ProviderOrigin::Found));
        }
        // What was listed before is still there.
        for new in &mut all {
            let known = entries.all.iter_mut().find(|old| old.name == new.name && old.settings == new.settings);
            new.listed = known.map(|old| std::mem::take(&mut old.listed)).unwrap_or_default();
        }
        entries.all = all;
        self.apply(entries);
    }

    async fn kept(&self) -> Result<Vec<Entry>, StoreError> {
        let mut kept = Vec::new();
        for secret in self.vault.below(SETTINGS).await? {
            let name = secret.name.as_str().trim_start_matches(SETTINGS).trim_start_matches('/').to_owned();
            let Some(text) = self.vault.fetch(&secret.name).await? else { continue };
            let Ok(settings) = serde_json::from_str(text.expose_secret()) else {
                tracing::error!(provider = %name, "what is kept about a provider of models cannot be read");
                continue;
            };
            let key = match secret_name(KEYS, &name) {
                Ok(place) => self.vault.fetch(&place).await?,
                Err(_) => None,
            };
            kept.push(entry(&name, settings, key, ProviderOrigin::Kept));
        }
        Ok(kept)
    }

    /// Makes what there is what can be asked.
    fn apply(&self, entries: &mut Entries) {
        let (mut providers, mut found) = (Vec::new(), Vec::new());
        for entry in &mut entries.all {
            match self.usable(entry) {
                Ok(options) if entry.origin == ProviderOrigin::Found => found.push(options),
                Ok(options) => providers.push(options),
                Err(error) => entry.problem = Some(error.to_string()),
            }
        }
        let config = Config {
            default_model: self.setup.default_model.clone(),
            fallbacks: self.setup.fallbacks.clone(),
            providers,
            found,
            demo: self.setup.demo.clone(),
        };
        if let Err(error) = self.models.replace(config) {
            tracing::error!(%error, "the providers of models could not be changed");
        }
    }

    fn usable(&self, entry: &Entry) -> Result<Options, ConfigError> {
        let options = self.options(&entry.name, &entry.settings, entry.key.clone(), &entry.listed)?;
        if entry.settings.kind.needs_key() && options.key().is_none() {
            return Err(ConfigError::new("it has no key"));
        }
        Provider::new(options.clone())?;
        Ok(options)
    }

    fn options(
        &self,
        name: &str,
        settings: &Settings,
        key: Option<SecretString>,
        listed: &[Offer],
    ) -> Result<Options, ConfigError> {
        let mut options = settings.options(name, key, &self.setup.prices, self.setup.effort)?;
        for offer in &mut options.models {
            // What it says of itself is known better than what its name tells.
            if let Some(told) = listed.iter().find(|told| told.name == offer.name) {
                *offer = told.clone();
            }
        }
        if settings.models.is_empty() && settings.kind.lists_its_own() {
            let new = listed.iter().filter(|told| options.models.iter().all(|offer| offer.name != told.name));
            let able = new.filter(|told| told.tools || settings.is_local()).take(MAX_OFFERED).cloned();
            let able: Vec<Offer> = able.collect();
            options.models.extend(able);
        }
        if let Some(most) = self.setup.local_context
            && settings.kind == Kind::Ollama
        {
            for offer in &mut options.models {
                offer.context_tokens = offer.context_tokens.min(most);
            }
        }
        Ok(options)
    }

    async fn ask_for_lists(&self, entries: &mut Entries) {
        entries.asked = Some(Instant::now());
        let listing = entries.all.iter_mut().filter(|entry| entry.settings.kind.lists_its_own());
        join_all(listing.map(|entry| self.ask_for_list(entry))).await;
        self.apply(entries);
    }

    async fn ask_for_list(&self, entry: &mut Entry) {
        let listed = match self.provider(entry) {
            Ok(provider) => {
                listing::list(&provider, &entry.settings, &self.setup.prices).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match listed {
            Ok(listed) => (entry.listed, entry.problem) = (listed, None),
            Err(_) if entry.origin == ProviderOrigin::Found => entry.listed.clear(),
            Err(problem) => entry.problem = Some(problem),
        }
    }

    fn provider(&self, entry: &Entry) -> Result<Provider, ConfigError> {
        let mut options = self.options(&entry.name, &entry.settings, entry.key.clone(), &[])?;
        options.connect_timeout_seconds = 3;
        Provider::new(options)
    }

    fn info(&self, entry: &Entry) -> ProviderInfo {
        let offers = self.models.models().into_iter().filter(|model| model.provider == entry.name).collect();
        let usual = || entry.settings.kind.base_url().map(str::to_owned);
        ProviderInfo {
            name: entry.name.clone(),
            settings: ProviderSettings::from(&entry.settings),
            origin: entry.origin,
            address: entry.settings.base_url.clone().or_else(usual).unwrap_or_default(),
            has_key: entry.key.as_ref().is_some_and(|key| !key.expose_secret().trim().is_empty()),
            offers,
            problem: entry.problem.clone(),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("models", &self.models).finish_non_exhaustive()
    }
}

fn entry(name: &str, settings: Settings, key: Option<SecretString>, origin: ProviderOrigin) -> Entry {
    Entry { name: name.to_owned(), settings, key, origin, listed: Vec::new(), problem: None }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are turned into others")]
fn invalid(error: impl ToString) -> ProviderError {
    ProviderError::Invalid(error.to_string())
}

fn secret_name(place: &str, name: &str) -> Result<SecretName, ProviderError> {
    SecretName::new(format!("{place}/{name}")).map_err(invalid)
}

fn check(name: &str, settings: &Settings, key: Option<&SecretString>) -> Result<(), ProviderError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || name.len() > MAX_PROVIDER_NAME_BYTES || !name.chars().all(plain) || name == demo::PROVIDER {
        return Err(invalid(format!(
            "`{name}` is no name for a provider: use small letters, digits, `-` and `_`, at most {MAX_PROVIDER_NAME_BYTES} of them"
        )));
    }
    let is_model = |model: &String| {
        (1..=MAX_PROVIDER_TEXT_BYTES).contains(&model.len())
            && !model.contains("..")
            && model.chars().all(|c| c.is_ascii_graphic())
    };
    if settings.models.len() > MAX_NAMED_MODELS || !settings.models.iter().all(is_model) {
        return Err(invalid(format!("at most {MAX_NAMED_MODELS} models, each by its name without spaces")));
    }
    if settings.base_url.as_ref().is_some_and(|url| url.len() > MAX_PROVIDER_TEXT_BYTES) {
        return Err(invalid("the address is too long"));
    }
    if key.is_some_and(|key| key.expose_secret().len() > MAX_SECRET_BYTES.min(8 * 1024)) {
        return Err(invalid("no key is as long as this"));
    }
    Ok(())
}

#[async_trait]
impl Providers for Registry {
    async fn list(&self) -> ProviderList {
        let mut entries = self.entries.lock().await;
        if entries.asked.is_none_or(|asked| asked.elapsed() > LISTED_FOR) {
            self.ask_for_lists(&mut entries).await;
        }
        // What was looked for and is not there is nothing.
        let there = |entry: &&Entry| entry.origin != ProviderOrigin::Found || !entry.listed.is_empty();
        let kinds = Kind::ALL.map(|kind| ProviderKind {
            id: kind.word().to_owned(),
            label: kind.label().to_owned(),
            needs_key: kind.needs_key(),
            needs_address: kind == Kind::Compatible,
        });
        ProviderList {
            items: entries.all.iter().filter(there).map(|entry| self.info(entry)).collect(),
            kinds: kinds.into(),
            default_model: self.models.default_model().unwrap_or_default(),
            prices_as_of: self.setup.prices.as_of().to_owned(),
        }
    }

    async fn put(
        &self,
        name: &str,
        settings: ProviderSettings,
        key: Option<SecretString>,
    ) -> Result<ProviderInfo, ProviderError> {
        let settings = Settings::try_from(settings).map_err(invalid)?;
        let key = key.filter(|key| !key.expose_secret().trim().is_empty());
        check(name, &settings, key.as_ref())?;
        let mut entries = self.entries.lock().await;
        let known = entries.all.iter().find(|entry| entry.name == name);
        if known.is_none() && entries.all.len() >= MAX_PROVIDERS {
            return Err(invalid(format!("there are {MAX_PROVIDERS} providers already; remove one first")));
        }
        // A key was given for one address. It does not go to another one without being given again.
        let stays = known.filter(|known| {
            key.is_none() && known.settings.base_url == settings.base_url && known.settings.kind == settings.kind
        });
        let key = key.or_else(|| stays.and_then(|known| known.key.clone()));
        if settings.kind.needs_key() && key.is_none() {
            return Err(invalid(format!(
                "the provider `{name}` needs a key; one that was kept counts only for the address that it was kept for"
            )));
        }
        Provider::new(self.options(name, &settings, key.clone(), &[]).map_err(invalid)?).map_err(invalid)?;
        let text = serde_json::to_string(&settings).map_err(invalid)?;
        match key {
            Some(key) => self.vault.keep(&secret_name(KEYS, name)?, key).await?,
            None => _ = self.vault.forget(&secret_name(KEYS, name)?).await?,
        }
        self.vault.keep(&secret_name(SETTINGS, name)?, text.into()).await?;
        self.load(&mut entries).await;
        if let Some(entry) = entries.all.iter_mut().find(|entry| entry.name == name)
            && entry.settings.kind.lists_its_own()
        {
            self.ask_for_list(entry).await;
        }
        self.apply(&mut entries);
        let entry = entries.all.iter().find(|entry| entry.name == name);
        entry.map(|entry| self.info(entry)).ok_or_else(|| ProviderError::NotFound(name.to_owned()))
    }

    async fn remove(&self, name: &str) -> Result<(), ProviderError> {
        let mut entries = self.entries.lock().await;
        let entry =
            entries.all.iter().find(|entry| entry.name == name).ok_or_else(|| ProviderError::NotFound(name.to_owned()))?;
        if entry.origin != ProviderOrigin::Kept {
            return Err(ProviderError::Fixed(name.to_owned()));
        }
        // The key goes first: what is left of a removal that breaks off is a provider without one.
        self.vault.forget(&secret_name(KEYS, name)?).await?;
        self.vault.forget(&secret_name(SETTINGS, name)?).await?;
        self.load(&mut entries).await;
        Ok(())
    }

    async fn test(&self, name: &str) -> Result<ProviderTest, ProviderError> {
        let provider = {
            let entries = self.entries.lock().await;
            let entry =
                entries.all.iter().find(|entry| entry.name == name).ok_or_else(|| ProviderError::NotFound(name.to_owned()))?;
            self.provider(entry).map(|provider| (provider, entry.settings.clone())).map_err(invalid)?
        };
        let (provider, settings) = provider;
        Ok(match listing::list(&provider, &settings, &self.setup.prices).await {
            Ok(listed) => {
                let key = if provider.options().key().is_some() { " and took the key" } else { "" };
                let message = format!("It answered{key}; it lists {} models.", listed.len());
                ProviderTest {
                    ok: true,
                    code: None,
                    message,
                    hint: None,
                    listed: listed.into_iter().map(|offer| offer.name).collect(),
                }
            }
            Err(error) => ProviderTest {
                ok: false,
                code: Some(error.code().to_owned()),
                message: error.to_string(),
                hint: Some(error.hint().to_owned()),
                listed: Vec::new(),
            },
        })
    }
}
