//! Models and the keys of their providers.

use secrecy::SecretString;

use super::Setting;
use super::layers::Settings;
use crate::failure::Failure;

pub const SETTINGS: &[Setting] = &[
    Setting::new("model", &["HOLT_MODEL"], None, "The model of sessions that name none; `demo` needs no key"),
    Setting::secret("anthropic.api_key", &["ANTHROPIC_API_KEY"], "The key for Anthropic's models"),
    Setting::new("anthropic.base_url", &["ANTHROPIC_BASE_URL"], None, "Where Anthropic's API is, when elsewhere"),
];

#[derive(Debug, Clone)]
pub struct Models {
    pub default: Option<String>,
    pub anthropic_key: Option<SecretString>,
    pub anthropic_url: Option<String>,
}

impl Models {
    pub fn read(settings: &Settings) -> Result<Self, Failure> {
        let text = |key| settings.get(key).map(|value| value.text.trim().to_owned());
        Ok(Self {
            default: text("model"),
            anthropic_key: text("anthropic.api_key").map(SecretString::from),
            anthropic_url: settings.parse("anthropic.base_url", base_url)?,
        })
    }
}

fn base_url(text: &str) -> Result<String, String> {
    let url = text.trim();
    let good = url.starts_with("https://") || url.starts_with("http://");
    if good { Ok(url.trim_end_matches('/').to_owned()) } else { Err("an address like https://api.example is needed".into()) }
}
