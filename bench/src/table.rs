//! The table: what was measured, beside what, against which target.

use std::fmt;
use std::time::Duration;

use crate::times::{Times, millis};

/// A measured value: what is judged, and how people read it.
#[derive(Debug, Clone)]
pub struct Value {
    judged: f64,
    text: String,
}

impl Value {
    /// Judged by its middle.
    pub fn p50(times: &Times) -> Self {
        let (p50, p99) = (millis(times.p50()), millis(times.p99()));
        Self { judged: p50, text: format!("p50 {p50:.2} ms, p99 {p99:.2}") }
    }

    /// Judged by its tail.
    pub fn tail(p99: Duration, p50: Duration) -> Self {
        Self { judged: millis(p99), text: format!("p99 {:.2} ms, p50 {:.2}", millis(p99), millis(p50)) }
    }

    /// A mean, or what is measured once.
    pub fn millis(time: Duration) -> Self {
        Self { judged: millis(time), text: format!("{:.2} ms", millis(time)) }
    }

    pub fn micros(time: Duration) -> Self {
        let micros = millis(time) * 1000.0;
        Self { judged: micros, text: format!("{micros:.1} µs") }
    }

    pub fn per_second(rate: f64) -> Self {
        Self { judged: rate, text: format!("{rate:.0}/s") }
    }

    pub fn mebibytes(kibibytes: u64, note: &str) -> Self {
        let judged = kibibytes as f64 / 1024.0;
        Self { judged, text: format!("{judged:.1} MiB{note}") }
    }

    pub fn bytes(bytes: f64, note: &str) -> Self {
        Self { judged: bytes, text: format!("{bytes:.0} B{note}") }
    }

    /// What cannot be measured here.
    pub fn missing() -> Self {
        Self { judged: f64::NAN, text: "–".into() }
    }

    pub fn count(count: u64, note: &str) -> Self {
        Self { judged: count as f64, text: format!("{count}{note}") }
    }
}

/// What is wanted, in the unit of the value.
#[derive(Debug, Clone)]
pub enum Target {
    AtMost(f64, &'static str),
    AtLeast(f64, &'static str),
    /// So many milliseconds, and the flush that is part of it.
    MillisAndFlush(f64, Duration),
    /// At most so many times what the peer takes.
    TimesPeer(f64),
    /// The same, and a flush that the peer does not do.
    TimesPeerAndFlush(f64, Duration),
    /// What the peer takes, and so many milliseconds.
    PeerAndMillis(f64),
    /// At least this share of what the peer does.
    ShareOfPeer(f64),
}

impl Target {
    fn is_met(&self, value: f64, peer: Option<f64>, ratio: Option<f64>) -> Option<bool> {
        Some(match self {
            Self::AtMost(most, _) => value <= *most,
            Self::AtLeast(least, _) => value >= *least,
            Self::MillisAndFlush(most, flush) => value <= most + millis(*flush),
            Self::TimesPeer(times) => ratio? <= *times,
            Self::TimesPeerAndFlush(times, flush) => value <= times * peer? + millis(*flush),
            Self::PeerAndMillis(most) => value <= peer? + most,
            Self::ShareOfPeer(share) => ratio? >= *share,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most, unit) => write!(f, "≤ {most} {unit}"),
            Self::AtLeast(least, unit) => write!(f, "≥ {least} {unit}"),
            Self::MillisAndFlush(most, flush) => write!(f, "≤ {most} ms + flush {:.2}", millis(*flush)),
            Self::TimesPeer(times) => write!(f, "≤ {times} × peer"),
            Self::TimesPeerAndFlush(times, flush) => write!(f, "≤ {times} × peer + flush {:.2}", millis(*flush)),
            Self::PeerAndMillis(most) => write!(f, "≤ peer + {most} ms"),
            Self::ShareOfPeer(share) => write!(f, "≥ {share} × peer"),
        }
    }
}

/// One figure.
#[derive(Debug, Clone)]
pub struct Line {
    name: String,
    value: Value,
    peer: Option<(&'static str, Value)>,
    /// The middle of the ratios of each turn, where turns are long enough to have one.
    ratio: Option<f64>,
    target: Option<Target>,
    /// Why there is no peer, or what else should be said.
    remark: Option<String>,
}

impl Line {
    pub fn new(name: impl Into<String>, value: Value) -> Self {
        Self { name: name.into(), value, peer: None, ratio: None, target: None, remark: None }
    }

    #[must_use]
    pub fn peer(mut self, name: &'static str, value: Value) -> Self {
        self.peer = Some((name, value));
        self
    }

    #[must_use]
    pub fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = Some(ratio);
        self
    }

    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    #[must_use]
    pub fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = Some(remark.into());
        self
    }

    /// Nothing when there is no target.
    fn is_met(&self) -> Option<bool> {
        let peer = self.peer.as_ref().map(|(_, peer)| peer.judged);
        self.target.as_ref()?.is_met(self.value.judged, peer, self.measured_ratio())
    }

    fn measured_ratio(&self) -> Option<f64> {
        let (_, peer) = self.peer.as_ref()?;
        Some(self.ratio.unwrap_or(self.value.judged / peer.judged))
    }

    fn cells(&self) -> [String; 6] {
        let none = || "–".to_owned();
        let peer = self.peer.as_ref().map(|(name, peer)| format!("{name}: {}", peer.text));
        let ratio = self.measured_ratio().map(|ratio| format!("{ratio:.2}"));
        let verdict = match self.is_met() {
            Some(true) => "ok",
            Some(false) => "MISSED",
            None => "–",
        };
        [
            self.name.clone(),
            self.value.text.clone(),
            peer.or_else(|| self.remark.clone()).unwrap_or_else(none),
            ratio.unwrap_or_else(none),
            self.target.as_ref().map_or_else(none, Target::to_string),
            verdict.to_owned(),
        ]
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cells().join(" | "))
    }
}

#[derive(Debug, Default)]
pub struct Table(Vec<Line>);

impl Table {
    pub fn extend(&mut self, lines: Vec<Line>) {
        self.0.extend(lines);
    }

    /// Whether no target was missed.
    pub fn is_met(&self) -> bool {
        self.0.iter().all(|line| line.is_met() != Some(false))
    }
}

const HEADINGS: [&str; 6] = ["figure", "Holt", "peer (bare)", "ratio", "target", "verdict"];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 6]> = std::iter::once(HEADINGS.map(str::to_owned)).chain(self.0.iter().map(Line::cells)).collect();
        let widths: [usize; 6] =
            std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
        for (number, row) in rows.iter().enumerate() {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            writeln!(f, "| {} |", cells.collect::<Vec<_>>().join(" | "))?;
            if number == 0 {
                writeln!(f, "|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: u64) -> Value {
        Value::p50(&[Duration::from_millis(millis)].into_iter().collect())
    }

    #[test]
    fn a_target_is_met_or_missed() {
        let at_most = |value| Line::new("x", times(value)).target(Target::AtMost(50.0, "ms")).is_met();
        assert_eq!((at_most(50), at_most(51)), (Some(true), Some(false)));
        let beside = |value, target| Line::new("x", times(value)).peer("bare", times(10)).target(target).is_met();
        assert_eq!(beside(20, Target::TimesPeer(2.0)), Some(true));
        assert_eq!(beside(21, Target::TimesPeer(2.0)), Some(false));
        assert_eq!(beside(21, Target::TimesPeerAndFlush(2.0, Duration::from_millis(1))), Some(true));
        assert_eq!(beside(12, Target::PeerAndMillis(2.0)), Some(true));
        assert_eq!(beside(13, Target::PeerAndMillis(2.0)), Some(false));
        assert_eq!(beside(5, Target::ShareOfPeer(0.5)), Some(true));
        assert_eq!(beside(4, Target::ShareOfPeer(0.5)), Some(false));
        assert_eq!(Line::new("x", times(1)).target(Target::TimesPeer(2.0)).is_met(), None);
        let turns = Line::new("x", times(4)).peer("bare", times(10)).ratio(0.6).target(Target::ShareOfPeer(0.5));
        assert_eq!(turns.is_met(), Some(true));
    }

    #[test]
    fn one_missed_target_shows() {
        let mut table = Table::default();
        table.extend(vec![Line::new("a", times(1)), Line::new("b", times(1)).target(Target::AtMost(2.0, "ms"))]);
        assert!(table.is_met());
        table.extend(vec![Line::new("c", times(3)).target(Target::AtMost(2.0, "ms"))]);
        assert!(!table.is_met());
        let text = table.to_string();
        assert_eq!(text.lines().count(), 5);
        assert!(text.contains("MISSED"));
    }
}
