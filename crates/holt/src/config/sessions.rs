//! Sessions: what a run may use, when an idle one sleeps, how long an ended one is kept.

use std::time::Duration;

use holt_core::budget::Budget;

use super::Setting;
use super::layers::Settings;
use super::models::on_or_off;
use super::values::{duration, number, or_never};
use crate::failure::Failure;

pub const SETTINGS: &[Setting] = &[
    Setting::new("sessions.sleep_after", &["HOLT_SLEEP_AFTER"], Some("15m"), "An idle session gives its memory back after this"),
    Setting::new(
        "sessions.keep_awake",
        &["HOLT_KEEP_AWAKE"],
        Some("24h"),
        "So long after its last prompt, what was left running keeps a session from sleeping",
    ),
    Setting::new(
        "sessions.linger",
        &["HOLT_LINGER"],
        Some("30s"),
        "A server that a command started for itself stays so long unneeded",
    ),
    Setting::new(
        "sessions.retention",
        &["HOLT_RETENTION"],
        Some("never"),
        "Ended sessions are removed after this; `never` keeps them",
    ),
    Setting::new("sessions.titles", &["HOLT_TITLES"], Some("on"), "Sessions get a title and a summary from their model"),
    Setting::new("budget.steps", &["HOLT_BUDGET_STEPS"], Some("200"), "Turns of the model in one run, or `none`"),
    Setting::new("budget.tokens", &["HOLT_BUDGET_TOKENS"], Some("none"), "Tokens in and out in one run"),
    Setting::new("budget.cost_usd", &["HOLT_BUDGET_COST_USD"], Some("none"), "US dollars in one run"),
    Setting::new("budget.time", &["HOLT_BUDGET_TIME"], Some("4h"), "Time that one run may work"),
];

/// When an ended session is removed. Nothing when never.
pub type Retention = Option<Duration>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    pub sleep_after: Duration,
    pub keep_awake: Duration,
    pub retention: Retention,
    pub linger: Duration,
    pub titles: bool,
    pub budget: Budget,
}

impl Sessions {
    pub fn read(settings: &Settings) -> Result<Self, Failure> {
        let count = |text: &str| number::<u64>(text, 1, u64::MAX);
        let sleep_after = |text: &str| or_never(text, duration).map(|sleep| sleep.unwrap_or(FOR_EVER));
        Ok(Self {
            sleep_after: settings.parse_always("sessions.sleep_after", sleep_after)?,
            keep_awake: settings.parse_always("sessions.keep_awake", sleep_after)?,
            retention: settings.parse_always("sessions.retention", |text| or_never(text, retention))?,
            linger: settings.parse_always("sessions.linger", duration)?,
            titles: settings.parse_always("sessions.titles", on_or_off)?,
            budget: Budget {
                steps: settings.parse_always("budget.steps", |text| or_never(text, |text| number(text, 1, 1_000_000)))?,
                tokens: settings.parse_always("budget.tokens", |text| or_never(text, count))?,
                cost_micros: settings.parse_always("budget.cost_usd", |text| or_never(text, dollars))?,
                seconds: settings.parse_always("budget.time", |text| or_never(text, duration))?.map(|time| time.as_secs()),
            },
        })
    }
}

/// As long as the interface knows.
const FOR_EVER: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);

/// A mistyped unit must not remove what ended a moment ago.
fn retention(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        short if short < Duration::from_secs(60 * 60) => Err("at least an hour is needed, or `never`".into()),
        long => Ok(long),
    }
}

/// Millionths of a dollar.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
fn dollars(text: &str) -> Result<u64, String> {
    let amount = text.trim().trim_start_matches('$').parse::<f64>().ok().filter(|amount| (0.0001..=1e9).contains(amount));
    amount.map(|amount| (amount * 1e6).round() as u64).ok_or_else(|| "an amount like 2.50 is needed".into())
}
