//! The kinds of providers that Holt knows: where each is, which language it speaks, what it offers by itself, and what can be
//! told of a model from its name alone.

use holt_core::provider::ProviderSettings;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::options::{Effort, Offer, Options, Thinking};
use crate::price::{Prices, Tariff};
use crate::wire::Wire;
use crate::{ConfigError, anthropic, gemini, ollama, openai};

/// The longest context that is set where the machine's memory has to hold it.
const LOCAL_CONTEXT: u64 = 32_768;

/// A kind of provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[serde(alias = "claude")]
    Anthropic,
    Openai,
    #[serde(alias = "google")]
    Gemini,
    Openrouter,
    Ollama,
    /// Any server that speaks Chat Completions.
    #[serde(alias = "openai_compatible")]
    Compatible,
}

/// What people set about a provider, next to its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub kind: Kind,
    /// Absent: where that kind is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Absent: what that kind speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<Wire>,
    /// The models that are offered; none: those of that kind, or those that it lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// It is in a network of one's own: names may lead to private addresses, and the key may travel unencrypted.
    #[serde(default)]
    pub own_network: bool,
}

impl TryFrom<ProviderSettings> for Settings {
    type Error = ConfigError;

    fn try_from(given: ProviderSettings) -> Result<Self, ConfigError> {
        let ProviderSettings { kind, base_url, wire, models, own_network } = given;
        let kinds = Kind::ALL.map(Kind::word).join(", ");
        let kind = word(&kind)
            .ok_or_else(|| ConfigError::new(format!("there is no kind `{kind}` of providers; choose one of {kinds}")))?;
        let wire =
            wire.map(|wire| word(&wire).ok_or_else(|| ConfigError::new(format!("there is no language `{wire}`")))).transpose()?;
        Ok(Self { kind, base_url, wire, models, own_network })
    }
}

impl From<&Settings> for ProviderSettings {
    fn from(settings: &Settings) -> Self {
        Self {
            kind: settings.kind.word().to_owned(),
            base_url: settings.base_url.clone(),
            wire: settings.wire.map(|wire| wire.word().to_owned()),
            models: settings.models.clone(),
            own_network: settings.own_network,
        }
    }
}

/// A value by the word for it.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

impl Settings {
    pub fn of(kind: Kind) -> Self {
        Self { kind, base_url: None, wire: None, models: Vec::new(), own_network: false }
    }

    /// How the provider is reached, and what it offers as far as that is known without asking it.
    ///
    /// # Errors
    /// When an address is missing that nobody can know.
    pub fn options(
        &self,
        name: &str,
        key: Option<SecretString>,
        prices: &Prices,
        effort: Option<Effort>,
    ) -> Result<Options, ConfigError> {
        let base_url = self.base_url.clone().or_else(|| self.kind.base_url().map(str::to_owned));
        let base_url = base_url.ok_or_else(|| ConfigError::new(format!("the provider `{name}` needs an address")))?;
        let mut options = Options::new(name, self.wire(), base_url);
        options.key = key;
        options.effort = effort;
        options.allow_plain_http = self.own_network;
        options.allow_private = self.own_network;
        let named = self.models.iter().map(String::as_str);
        let offered = self.kind.offered().iter().copied();
        let names: Vec<&str> = if self.models.is_empty() { offered.collect() } else { named.collect() };
        options.models = names.into_iter().map(|model| self.offer(name, model, prices)).collect();
        Ok(options)
    }

    /// Behind another address than OpenAI's own there is most often a server that speaks the older language alone.
    fn wire(&self) -> Wire {
        let elsewhere = self.base_url.as_ref().is_some_and(|url| url.trim_end_matches('/') != openai::BASE_URL);
        self.wire.unwrap_or(match self.kind {
            Kind::Anthropic => Wire::Anthropic,
            Kind::Openai if !elsewhere => Wire::Responses,
            Kind::Openai | Kind::Openrouter | Kind::Compatible => Wire::Chat,
            Kind::Gemini => Wire::Gemini,
            Kind::Ollama => Wire::Ollama,
        })
    }

    /// A model as far as its name tells what it is.
    pub fn offer(&self, provider: &str, model: &str, prices: &Prices) -> Offer {
        let offer = Offer::new(model).priced(prices);
        let id = if self.kind.has_own_names() { model.to_owned() } else { format!("{provider}/{model}") };
        let (context_tokens, thinking) = match self.kind {
            Kind::Anthropic => claude(model),
            Kind::Openai => gpt(model),
            Kind::Gemini => gemini_model(model),
            Kind::Ollama => (LOCAL_CONTEXT, Thinking::Never),
            Kind::Openrouter | Kind::Compatible => (offer.context_tokens, Thinking::Never),
        };
        let tariff = if self.is_local() { Some(Tariff::FREE) } else { offer.tariff };
        Offer { id, label: label(model), context_tokens, thinking, tariff, ..offer }
    }

    /// Whether it runs on a machine of one's own, where tokens cost nothing.
    pub(crate) fn is_local(&self) -> bool {
        let near = |url: &String| {
            let host = reqwest::Url::parse(url).ok();
            host.is_some_and(|url| crate::endpoint::is_loopback(&url))
        };
        self.kind == Kind::Ollama
            || (self.kind == Kind::Compatible && (self.own_network || self.base_url.as_ref().is_some_and(near)))
    }
}

impl Kind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] = [Self::Anthropic, Self::Openai, Self::Gemini, Self::Openrouter, Self::Ollama, Self::Compatible];

    pub fn word(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Openai => "openai",
            Self::Gemini => "gemini",
            Self::Openrouter => "openrouter",
            Self::Ollama => "ollama",
            Self::Compatible => "compatible",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Anthropic => "Anthropic",
            Self::Openai => "OpenAI",
            Self::Gemini => "Google Gemini",
            Self::Openrouter => "OpenRouter",
            Self::Ollama => "Ollama",
            Self::Compatible => "OpenAI-compatible server",
        }
    }

    pub(crate) fn base_url(self) -> Option<&'static str> {
        match self {
            Self::Anthropic => Some(anthropic::BASE_URL),
            Self::Openai => Some(openai::BASE_URL),
            Self::Gemini => Some(gemini::BASE_URL),
            Self::Openrouter => Some("https://openrouter.ai/api/v1"),
            Self::Ollama => Some(ollama::BASE_URL),
            Self::Compatible => None,
        }
    }

    /// Whether nothing can be asked without a key.
    pub fn needs_key(self) -> bool {
        !matches!(self, Self::Ollama | Self::Compatible)
    }

    /// Whether its models have names that nobody else's have.
    fn has_own_names(self) -> bool {
        matches!(self, Self::Anthropic | Self::Openai | Self::Gemini)
    }

    /// Whether what it offers is what it lists.
    pub(crate) fn lists_its_own(self) -> bool {
        !self.has_own_names()
    }

    /// What is offered when nobody says what, the best for most work first.
    fn offered(self) -> &'static [&'static str] {
        match self {
            Self::Anthropic => &[
                "claude-sonnet-5-5",
                "claude-opus-5-5",
                "claude-haiku-5-5",
                "claude-sonnet-4-5",
                "claude-opus-4-5",
                "claude-haiku-4-5",
            ],
            Self::Openai => &["gpt-6.1-sol", "gpt-5.5", "gpt-5.4", "gpt-5.4-mini", "gpt-5-mini"],
            Self::Gemini => &["gemini-3.8-flash", "gemini-3.1-pro-preview", "gemini-2.5-pro", "gemini-2.5-flash"],
            Self::Openrouter => &["openrouter/auto"],
            Self::Ollama | Self::Compatible => &[],
        }
    }
}

/// The generation of a name, such as 4.5 of `claude-sonnet-4-5` and of `gemini-4.5-pro`.
fn generation(model: &str) -> f32 {
    let digits: Vec<&str> =
        model.split(['-', '.']).filter(|part| part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit())).collect();
    let text = digits.iter().filter(|part| !part.is_empty()).take(2).copied().collect::<Vec<_>>().join(".");
    text.parse().unwrap_or(0.0)
}

fn claude(model: &str) -> (u64, Thinking) {
    match generation(model) {
        newer if newer >= 4.6 => (1_000_000, Thinking::Effort),
        // 3.7 is the first that thinks.
        known if known >= 3.7 => (200_000, Thinking::Tokens),
        _ => (200_000, Thinking::Never),
    }
}

fn gpt(model: &str) -> (u64, Thinking) {
    if model.starts_with("gpt-4.1") {
        return (1_000_000, Thinking::Never);
    }
    if model.starts_with("gpt-4") || model.starts_with("gpt-3") {
        return (128_000, Thinking::Never);
    }
    let context = if generation(model) >= 5.4 { 1_000_000 } else { 272_000 };
    (context, Thinking::Effort)
}

fn gemini_model(model: &str) -> (u64, Thinking) {
    match generation(model) {
        newer if newer >= 3.0 => (1_048_576, Thinking::Effort),
        known if known >= 2.5 => (1_048_576, Thinking::Tokens),
        _ => (1_048_576, Thinking::Never),
    }
}

/// `claude-sonnet-5-5` as people write it.
fn label(model: &str) -> String {
    let Some(rest) = model.strip_prefix("claude-") else { return model.to_owned() };
    let (mut words, mut numbers): (Vec<String>, Vec<&str>) = (vec!["Claude".into()], Vec::new());
    for part in rest.split('-') {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            numbers.push(part);
        } else {
            words.push(part[..1].to_uppercase() + &part[1..]);
        }
    }
    words.push(numbers.join("."));
    words.join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(kind: Kind, model: &str) -> Offer {
        Settings::of(kind).offer("mine", model, &Prices::known().unwrap())
    }

    #[test]
    fn what_a_name_tells_is_known() {
        let of = |kind, model| (offer(kind, model).context_tokens, offer(kind, model).thinking);
        assert_eq!(of(Kind::Anthropic, "claude-sonnet-4-5"), (200_000, Thinking::Tokens));
        assert_eq!(of(Kind::Anthropic, "claude-haiku-4-5-20251001"), (200_000, Thinking::Tokens));
        assert_eq!(of(Kind::Anthropic, "claude-opus-5"), (1_000_000, Thinking::Effort));
        assert_eq!(of(Kind::Anthropic, "claude-3-5-haiku-latest"), (200_000, Thinking::Never));
        assert_eq!(of(Kind::Openai, "gpt-6.1-sol"), (1_000_000, Thinking::Effort));
        assert_eq!(of(Kind::Openai, "gpt-5-mini"), (272_000, Thinking::Effort));
        assert_eq!(of(Kind::Openai, "gpt-4o-mini"), (128_000, Thinking::Never));
        assert_eq!(of(Kind::Gemini, "gemini-2.5-flash").1, Thinking::Tokens);
        assert_eq!(of(Kind::Gemini, "gemini-3.1-pro-preview").1, Thinking::Effort);
        assert_eq!(label("claude-sonnet-4-5"), "Claude Sonnet 4.5");
        assert_eq!(label("llama"), "llama");
    }

    #[test]
    fn ids_say_whose_a_model_is_where_its_name_does_not() {
        assert_eq!(offer(Kind::Openai, "gpt-5").id, "gpt-5");
        assert_eq!(offer(Kind::Compatible, "qwen").id, "mine/qwen");
        assert_eq!(offer(Kind::Ollama, "qwen3:8b").tariff, Some(Tariff::FREE));
        assert_eq!(offer(Kind::Compatible, "qwen").tariff, None, "nobody knows what it costs");
        let near = Settings { base_url: Some("http://127.0.0.1:8000/v1".into()), ..Settings::of(Kind::Compatible) };
        assert_eq!(near.offer("mine", "qwen", &Prices::known().unwrap()).tariff, Some(Tariff::FREE));
    }

    #[test]
    fn a_language_follows_from_the_address() {
        let wire = |kind, url: Option<&str>| {
            let settings = Settings { base_url: url.map(str::to_owned), ..Settings::of(kind) };
            settings.options("x", None, &Prices::known().unwrap(), None).map(|options| options.wire)
        };
        assert_eq!(wire(Kind::Openai, None), Ok(Wire::Responses));
        assert_eq!(wire(Kind::Openai, Some("https://api.openai.com/v1/")), Ok(Wire::Responses));
        assert_eq!(wire(Kind::Openai, Some("https://vllm.example/v1")), Ok(Wire::Chat));
        assert_eq!(wire(Kind::Ollama, None), Ok(Wire::Ollama));
        assert!(wire(Kind::Compatible, None).is_err(), "nobody can know where it is");
    }
}
