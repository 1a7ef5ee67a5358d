//! Sessions: what a run may use, when an idle one sleeps, how long an ended one is kept.

use std::time::Duration;

use holt_core::budget::{Allowance, Budget};

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
    Setting::new(
        "budget.session",
        &["HOLT_BUDGET_SESSION"],
        Some("none"),
        "What all runs of a session may use together, such as cost=5,steps=1000",
    ),
    Setting::new(
        "budget.day",
        &["HOLT_BUDGET_DAY"],
        Some("none"),
        "What everything on this server may use in a day (UTC), such as cost=20,tokens=5000000",
    ),
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
    pub session_budget: Allowance,
    pub day_budget: Allowance,
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
            session_budget: settings.parse_always("budget.session", allowance)?,
            day_budget: settings.parse_always("budget.day", allowance)?,
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

/// A budget on one line: `steps=50,tokens=100000,cost=2.50,time=1h`, or `none`. What is not named does not bind.
pub fn allowance(text: &str) -> Result<Allowance, String> {
    let mut allowance = Allowance::default();
    let parts = or_never(text, |text| Ok(text.to_owned()))?.unwrap_or_default();
    for part in parts.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, amount) = part.split_once('=').ok_or_else(|| format!("`{part}` is not like cost=2.50"))?;
        let amount = amount.trim();
        let counted = |most| number::<u64>(amount, 0, most);
        match name.trim() {
            "steps" => allowance.steps = Some(counted(1_000_000_000)?),
            "tokens" => allowance.tokens = Some(counted(1_000_000_000_000_000)?),
            "cost" => allowance.cost_micros = Some(if amount.trim_start_matches('$') == "0" { 0 } else { dollars(amount)? }),
            "time" => allowance.seconds = Some(duration(amount)?.as_secs()),
            other => return Err(format!("a budget has steps, tokens, cost and time, and no `{other}`")),
        }
    }
    Ok(allowance)
}

/// Millionths of a dollar.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
fn dollars(text: &str) -> Result<u64, String> {
    let amount = text.trim().trim_start_matches('$').parse::<f64>().ok().filter(|amount| (0.0001..=1e9).contains(amount));
    amount.map(|amount| (amount * 1e6).round() as u64).ok_or_else(|| "an amount like 2.50 is needed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_on_one_line() {
        let all = Allowance { steps: Some(50), tokens: Some(1000), cost_micros: Some(2_500_000), seconds: Some(3600) };
        assert_eq!(allowance("steps=50, tokens=1000,cost=$2.50,time=1h"), Ok(all));
        assert_eq!(allowance("none"), Ok(Allowance::default()));
        assert_eq!(allowance("cost=0"), Ok(Allowance { cost_micros: Some(0), ..Allowance::default() }));
        for wrong in ["50", "steps", "steps=", "steps=-1", "hours=3", "cost=1e99", "time=1 fortnight"] {
            assert!(allowance(wrong).is_err(), "{wrong}");
        }
    }
}
