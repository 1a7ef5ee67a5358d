//! Instants as values. Nothing here reads a clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::budget::Day;

/// Milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = i64))]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The time that an event gets: now, but always after the event before it, so that order in time is order in the log.
    pub fn following(self, now: Self) -> Self {
        Self(now.0.max(self.0.saturating_add(1)))
    }

    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The day that it is in, by its number since 1970 in UTC.
    pub fn day(self) -> Day {
        self.0.div_euclid(24 * 60 * 60 * 1000)
    }

    /// How long ago `earlier` was; nothing when it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}
