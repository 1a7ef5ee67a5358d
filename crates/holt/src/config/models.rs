//! Models and the keys of their providers.

use std::path::PathBuf;

use holt_models::{Effort, Given, Kind, Settings as ProviderSettings};
use secrecy::SecretString;

use super::Setting;
use super::layers::Settings;
use crate::failure::Failure;

pub const SETTINGS: &[Setting] = &[
    Setting::new("model", &["HOLT_MODEL"], None, "The model of sessions that name none; `demo` needs no key"),
    Setting::new(
        "models.fallback",
        &["HOLT_MODEL_FALLBACK"],
        None,
        "Models that stand in, in this order, when one cannot answer",
    ),
    Setting::new("models.effort", &["HOLT_MODEL_EFFORT"], Some("medium"), "How much models think: low, medium, high, or off"),
    Setting::new("models.prices", &["HOLT_MODEL_PRICES"], None, "A file with prices that count before the known ones"),
    Setting::secret("anthropic.api_key", &["ANTHROPIC_API_KEY"], "The key for Anthropic's models"),
    Setting::new("anthropic.base_url", &["ANTHROPIC_BASE_URL"], None, "Where Anthropic's API is, when elsewhere"),
    Setting::secret("openai.api_key", &["OPENAI_API_KEY"], "The key for OpenAI's models"),
    Setting::new("openai.base_url", &["OPENAI_BASE_URL"], None, "Where OpenAI's API is, or a server that speaks like it"),
    Setting::secret(
        "gemini.api_key",
        &["GEMINI_API_KEY", "GOOGLE_GEMINI_API_KEY", "GOOGLE_API_KEY"],
        "The key for Gemini's models",
    ),
    Setting::new("gemini.base_url", &["GOOGLE_GEMINI_BASE_URL"], None, "Where Gemini's API is, when elsewhere"),
    Setting::secret("openrouter.api_key", &["OPENROUTER_API_KEY"], "The key for OpenRouter"),
    Setting::new("ollama.host", &["OLLAMA_HOST"], None, "Where Ollama is; on this machine it is found by itself"),
    Setting::new("ollama.find", &["HOLT_OLLAMA_FIND"], Some("on"), "Whether Ollama is looked for on this machine: on or off"),
    Setting::new("ollama.context", &["HOLT_OLLAMA_CONTEXT"], Some("32768"), "The longest context of Ollama's models, in tokens"),
];

#[derive(Debug, Clone)]
pub struct Models {
    pub default: Option<String>,
    pub fallbacks: Vec<String>,
    pub effort: Option<Effort>,
    pub prices: Option<PathBuf>,
    pub given: Vec<Given>,
    pub find_ollama: bool,
    pub local_context: u64,
}

impl Models {
    pub fn read(settings: &Settings) -> Result<Self, Failure> {
        let text = |key| settings.get(key).map(|value| value.text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Self {
            default: text("model"),
            fallbacks: settings.list("models.fallback"),
            effort: settings.parse_always("models.effort", effort)?,
            prices: text("models.prices").map(PathBuf::from),
            given: given(settings)?,
            find_ollama: settings.parse_always("ollama.find", on_or_off)?,
            local_context: settings.parse_always("ollama.context", tokens)?,
        })
    }
}

/// Providers that have a key, or need none and have an address.
fn given(settings: &Settings) -> Result<Vec<Given>, Failure> {
    let with_key = [
        (Kind::Anthropic, "anthropic.api_key", Some("anthropic.base_url")),
        (Kind::Openai, "openai.api_key", Some("openai.base_url")),
        (Kind::Gemini, "gemini.api_key", Some("gemini.base_url")),
        (Kind::Openrouter, "openrouter.api_key", None),
    ];
    let mut given = Vec::new();
    for (kind, key, url) in with_key {
        let key = settings.get(key).map(|value| SecretString::from(value.text.trim())).filter(|key| !is_blank(key));
        let url = url.map(|url| settings.parse(url, base_url)).transpose()?.flatten();
        // Whoever configures the machine says where its providers are, in a network of its own or elsewhere.
        let kind = if kind == Kind::Openai && key.is_none() && url.is_some() { Kind::Compatible } else { kind };
        if key.is_some() || kind == Kind::Compatible {
            let name = if kind == Kind::Compatible { Kind::Openai.word() } else { kind.word() };
            given.push(Given {
                name: name.into(),
                settings: ProviderSettings { base_url: url, ..ProviderSettings::of(kind) },
                key,
            });
        }
    }
    if let Some(host) = settings.parse("ollama.host", ollama_host)? {
        let settings = ProviderSettings { base_url: Some(host), own_network: true, ..ProviderSettings::of(Kind::Ollama) };
        given.push(Given { name: Kind::Ollama.word().into(), settings, key: None });
    }
    Ok(given)
}

fn is_blank(key: &SecretString) -> bool {
    use secrecy::ExposeSecret as _;
    key.expose_secret().is_empty()
}

fn base_url(text: &str) -> Result<String, String> {
    let url = text.trim();
    let good = url.starts_with("https://") || url.starts_with("http://");
    if good { Ok(url.trim_end_matches('/').to_owned()) } else { Err("an address like https://api.example is needed".into()) }
}

/// As Ollama's own programs take it: a port and a scheme may be missing, and the address to listen on everywhere means here.
fn ollama_host(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let rest = rest.replacen("0.0.0.0", "127.0.0.1", 1);
    let has_port =
        rest.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty());
    let port = if has_port || scheme == "https" { "" } else { ":11434" };
    if rest.is_empty() {
        Err("an address like 127.0.0.1:11434 is needed".into())
    } else {
        base_url(&format!("{scheme}://{rest}{port}"))
    }
}

fn effort(text: &str) -> Result<Option<Effort>, String> {
    match text.trim() {
        "low" => Ok(Some(Effort::Low)),
        "medium" => Ok(Some(Effort::Medium)),
        "high" => Ok(Some(Effort::High)),
        "off" => Ok(None),
        _ => Err("say low, medium, high or off".into()),
    }
}

pub(super) fn on_or_off(text: &str) -> Result<bool, String> {
    match text.trim() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err("say on or off".into()),
    }
}

fn tokens(text: &str) -> Result<u64, String> {
    let tokens = text.trim().parse().ok().filter(|tokens| (2048..=10_000_000).contains(tokens));
    tokens.ok_or_else(|| "a number of tokens of at least 2048 is needed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ollamas_host_is_understood_as_its_own_programs_do() {
        for (text, url) in [
            ("127.0.0.1", "http://127.0.0.1:11434"),
            ("0.0.0.0:9999", "http://127.0.0.1:9999"),
            ("gpu.lan", "http://gpu.lan:11434"),
            ("https://ollama.example/", "https://ollama.example"),
        ] {
            assert_eq!(ollama_host(text).unwrap(), url);
        }
        assert!(ollama_host(" ").is_err());
    }
}
