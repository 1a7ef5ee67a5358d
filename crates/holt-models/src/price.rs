//! What models cost: a small dated table, which people can replace in part, and the arithmetic. Pure.
//!
//! A price that nobody knows is not zero: what is used without one is said to be unpriced.

use std::collections::BTreeMap;

use holt_core::budget::Usage;
use holt_core::model::Price;
use serde::Deserialize;

use crate::ConfigError;

const TABLE: &str = include_str!("prices.json");
const MICROS: f64 = 1_000_000.0;
/// The dearest that makes sense, in dollars per million tokens.
const DEAREST: f64 = 100_000.0;

/// What a model costs, and what it costs when a request is long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tariff {
    pub price: Price,
    /// Beyond so many tokens of input, the whole request has this price.
    pub over: Option<(u64, Price)>,
}

impl Tariff {
    /// What runs on a machine of one's own costs nothing.
    pub const FREE: Self = Self { price: Price { input: 0, output: 0, cache_read: 0, cache_write: 0 }, over: None };

    fn price(&self, input_tokens: u64) -> Price {
        match self.over {
            Some((tokens, price)) if input_tokens > tokens => price,
            _ => self.price,
        }
    }
}

impl From<Price> for Tariff {
    fn from(price: Price) -> Self {
        Self { price, over: None }
    }
}

/// Tokens by what they cost. What a cache served or took is not among the plain input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
}

impl Counts {
    /// Of a provider that counts what its cache served among the input.
    pub fn of_total(input: u64, output: u64, cache_read: u64, cache_write: u64) -> Self {
        let plain = input.saturating_sub(cache_read).saturating_sub(cache_write);
        Self { input: plain, output, cache_read: cache_read.min(input), cache_write: cache_write.min(input) }
    }

    pub fn usage(&self, tariff: Option<Tariff>) -> Usage {
        let input_tokens = self.input.saturating_add(self.cache_read).saturating_add(self.cache_write);
        let cost = |price: Price| {
            let parts = [
                (self.input, price.input),
                (self.output, price.output),
                (self.cache_read, price.cache_read),
                (self.cache_write, price.cache_write),
            ];
            let micros: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
            u64::try_from(micros / 1_000_000).unwrap_or(u64::MAX)
        };
        let used = input_tokens > 0 || self.output > 0;
        Usage {
            input_tokens,
            output_tokens: self.output,
            cached_tokens: self.cache_read,
            cost_micros: tariff.map_or(0, |tariff| cost(tariff.price(input_tokens))),
            unpriced: used && tariff.is_none(),
        }
    }
}

/// The prices that are known.
#[derive(Debug, Clone)]
pub struct Prices {
    as_of: String,
    models: BTreeMap<String, Tariff>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: String,
    #[serde(default, rename = "about")]
    _about: String,
    models: BTreeMap<String, Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(flatten)]
    price: Dollars,
    over: Option<Over>,
}

#[derive(Debug, Deserialize)]
struct Over {
    tokens: u64,
    #[serde(flatten)]
    price: Dollars,
}

/// Dollars per million tokens, as providers list them.
#[derive(Debug, Deserialize)]
struct Dollars {
    input: f64,
    output: f64,
    /// Absent: as dear as other input.
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

impl Prices {
    /// The table that comes with Holt.
    ///
    /// # Errors
    /// Never, for the table that is there: a test reads it.
    pub fn known() -> Result<Self, ConfigError> {
        Self::read(TABLE)
    }

    /// A table as a file has it.
    ///
    /// # Errors
    /// When it is no such table, or has a price that makes no sense.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let table: Table =
            serde_json::from_str(text).map_err(|error| ConfigError::new(format!("not a table of prices: {error}")))?;
        let tariff = |(name, row): (String, Row)| {
            let over = row.over.map(|over| over.price.price(&name).map(|price| (over.tokens, price))).transpose()?;
            Ok((name.clone(), Tariff { price: row.price.price(&name)?, over }))
        };
        let models = table.models.into_iter().map(tariff).collect::<Result<_, ConfigError>>()?;
        Ok(Self { as_of: table.as_of, models })
    }

    /// With the prices of another table before these.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.models.extend(other.models);
        self.as_of = other.as_of.max(self.as_of);
        self
    }

    /// The day of the newest of them.
    pub fn as_of(&self) -> &str {
        &self.as_of
    }

    /// The price of a model, by its name without the day of its making and without the provider before it.
    pub fn of(&self, model: &str) -> Option<Tariff> {
        let bare = model.rsplit('/').next().unwrap_or(model);
        [model, bare, without_day(bare)].into_iter().find_map(|name| self.models.get(name)).copied()
    }
}

/// `gpt-5-2025-08-07` and `claude-haiku-4-5-20251001` without their days.
fn without_day(name: &str) -> &str {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((rest, last)) = name.rsplit_once('-') else { return name };
    if digits(last, 8) {
        return rest;
    }
    let parts: Vec<&str> = name.rsplitn(4, '-').collect();
    match parts[..] {
        [day, month, year, rest] if digits(day, 2) && digits(month, 2) && digits(year, 4) => rest,
        _ => name,
    }
}

impl Dollars {
    fn price(&self, name: &str) -> Result<Price, ConfigError> {
        let micros = |dollars: f64| {
            if !(0.0..=DEAREST).contains(&dollars) {
                return Err(ConfigError::new(format!("{dollars} dollars per million tokens is no price of `{name}`")));
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was just bounded")]
            let micros = (dollars * MICROS).round() as u64;
            Ok(micros)
        };
        Ok(Price {
            input: micros(self.input)?,
            output: micros(self.output)?,
            cache_read: micros(self.cache_read.unwrap_or(self.input))?,
            cache_write: micros(self.cache_write.unwrap_or(self.input))?,
        })
    }
}

/// A price from dollars for a single token, as some providers list theirs; nothing when it is none.
pub(crate) fn per_token(input: f64, output: f64, cache_read: Option<f64>, cache_write: Option<f64>) -> Option<Tariff> {
    let million = |price: f64| price * MICROS;
    let dollars = Dollars {
        input: million(input),
        output: million(output),
        cache_read: cache_read.map(million),
        cache_write: cache_write.map(million),
    };
    dollars.price("").ok().map(Tariff::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_names_are_found_with_their_days() {
        let prices = Prices::known().unwrap();
        assert!(prices.as_of() >= "2026");
        let sonnet = prices.of("claude-sonnet-4-5").unwrap();
        assert_eq!(sonnet.price.cache_write, 3_750_000);
        assert_eq!(prices.of("claude-sonnet-4-5-20250929"), Some(sonnet));
        assert_eq!(prices.of("anthropic/claude-sonnet-4-5"), Some(sonnet));
        assert_eq!(prices.of("gpt-5-2025-08-07"), prices.of("gpt-5"));
        assert_eq!(prices.of("gpt-5-codex-of-tomorrow"), None, "what is not known has no price");
    }

    #[test]
    fn a_table_of_ones_own_counts_before_it() {
        let own = r#"{"as_of": "2030-01-01", "models": {"gpt-5": {"input": 1, "output": 2}, "mine": {"input": 0, "output": 0}}}"#;
        let prices = Prices::known().unwrap().with(Prices::read(own).unwrap());
        assert_eq!(prices.of("gpt-5").unwrap().price.cache_read, 1_000_000);
        assert_eq!(prices.of("mine"), Some(Tariff::FREE));
        assert!(prices.of("gpt-5.1").is_some());
        assert_eq!(prices.as_of(), "2030-01-01");
        for wrong in ["{}", r#"{"as_of": "", "models": {"a": {"input": -1, "output": 2}}}"#] {
            assert!(Prices::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_is_priced_by_its_length_and_without_a_price_it_is_said() {
        let tariff = Prices::known().unwrap().of("gemini-2.5-pro");
        let cost = |input| Counts::of_total(input, 0, 0, 0).usage(tariff).cost_micros;
        assert_eq!((cost(200_000), cost(200_001)), (250_000, 500_002));
        let counts = Counts::of_total(100, 10, 60, 0);
        assert_eq!(counts.input, 40);
        let unknown = counts.usage(None);
        assert_eq!((unknown.input_tokens, unknown.cached_tokens, unknown.cost_micros, unknown.unpriced), (100, 60, 0, true));
        let free = counts.usage(Some(Tariff::FREE));
        assert_eq!((free.cost_micros, free.unpriced), (0, false));
        assert!(!Counts::default().usage(None).unpriced, "what was not used costs nothing");
    }
}
