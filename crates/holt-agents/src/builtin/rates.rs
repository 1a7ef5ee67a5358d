//! How many bytes of a conversation make a token: for each model an estimate, which what its provider reports corrects.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Few enough bytes for a token of any text, until a provider has said what it counts.
const USUAL: f64 = 3.0;
/// What nobody's report goes beyond: the least is a text of rare characters, the most is one long word.
const SENSIBLE: std::ops::RangeInclusive<f64> = 1.0..=5.0;
/// A report about less says little.
const ENOUGH_TOKENS: u64 = 500;
/// What differs by less changes nothing, so that what a model sees stays the same from step to step.
const DIFFERENCE: f64 = 0.15;
/// What is planned with of what was measured.
const CAUTION: f64 = 0.9;
/// The most models that are remembered.
const MODELS: usize = 256;

#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<String, f64>>);

impl Rates {
    pub fn bytes_per_token(&self, model: &str) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied().unwrap_or(USUAL)
    }

    /// A request of so many bytes was counted as so many tokens.
    pub fn learn(&self, model: &str, bytes: usize, tokens: u64) {
        if tokens < ENOUGH_TOKENS {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let measured = (bytes as f64 / tokens as f64 * CAUTION).clamp(*SENSIBLE.start(), *SENSIBLE.end());
        let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = rates.get(model).copied().unwrap_or(USUAL);
        let is_news = (measured - known).abs() > known * DIFFERENCE;
        if is_news && (rates.contains_key(model) || rates.len() < MODELS) {
            rates.insert(model.to_owned(), measured);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_counts_corrects_the_estimate() {
        let rates = Rates::default();
        let about = |expected: f64| (rates.bytes_per_token("m") - expected).abs() < 0.01;
        rates.learn("m", 100, 100);
        assert!(about(USUAL), "too little to learn from");
        rates.learn("m", 20_000, 10_000);
        assert!(about(1.8), "{}", rates.bytes_per_token("m"));
        rates.learn("m", 20_500, 10_000);
        assert!(about(1.8), "nearly the same");
        rates.learn("m", 10_000_000, 10_000);
        assert!(about(5.0), "nonsense is bounded");
        assert!((rates.bytes_per_token("other") - USUAL).abs() < 0.01);
    }
}
