//! Keys that come from outside. Those that Holt makes are in the store.

use secrecy::SecretString;

use super::Setting;
use super::layers::Settings;
use crate::failure::Failure;

pub const SETTINGS: &[Setting] =
    &[Setting::secret("management_api_key", &["MANAGEMENT_API_KEY"], "A key for everything, at least 16 characters")];

#[derive(Debug, Clone)]
pub struct Access {
    pub management_key: Option<SecretString>,
}

/// Shorter than this, a key can be guessed.
const SHORTEST_KEY: usize = 16;

impl Access {
    pub fn read(settings: &Settings) -> Result<Self, Failure> {
        let strong = |text: &str| match text.len() {
            0..SHORTEST_KEY => Err(format!("it is too short to be safe; give at least {SHORTEST_KEY} characters")),
            _ => Ok(SecretString::from(text)),
        };
        Ok(Self { management_key: settings.parse("management_api_key", strong)? })
    }
}
