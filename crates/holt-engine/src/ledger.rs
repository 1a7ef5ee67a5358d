//! What all sessions have spent by now: by key, and on this day. The store has the same, in the transactions of the events that
//! say so; this is what it said at the start and what was added since.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use holt_core::budget::{Account, Allowance, Day, Reach, Spent};
use holt_core::id::KeyId;
use holt_core::session::SessionSpec;
use holt_core::store::SpentByKey;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    day: Day,
    all: Spent,
    keys: HashMap<KeyId, OfKey>,
}

#[derive(Debug, Clone, Copy, Default)]
struct OfKey {
    total: Spent,
    day: Spent,
}

impl Inner {
    /// A new day begins with nothing spent.
    fn turn_to(&mut self, day: Day) {
        if self.day < day {
            (self.day, self.all) = (day, Spent::default());
            self.keys.values_mut().for_each(|of| of.day = Spent::default());
        }
    }
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with what the store says of this day.
    pub fn begin(&self, day: Day, lines: Vec<SpentByKey>) {
        let all = lines.iter().fold(Spent::default(), |all, line| all.plus(line.day));
        let keys = lines.into_iter().filter_map(|line| Some((line.key?, OfKey { total: line.total, day: line.day })));
        *self.lock() = Inner { day, all, keys: keys.collect() };
    }

    /// What was spent on that day, and is on record.
    pub fn add(&self, key: Option<KeyId>, day: Day, fresh: Spent) {
        let mut inner = self.lock();
        inner.turn_to(day);
        let is_today = inner.day == day;
        if is_today {
            inner.all = inner.all.plus(fresh);
        }
        if let Some(key) = key {
            let of = inner.keys.entry(key).or_default();
            of.total = of.total.plus(fresh);
            of.day = if is_today { of.day.plus(fresh) } else { of.day };
        }
    }

    /// What the sessions of a key have spent, in all and on this day.
    pub fn of_key(&self, key: KeyId, day: Day) -> (Spent, Spent) {
        let mut inner = self.lock();
        inner.turn_to(day);
        let of = inner.keys.get(&key).copied().unwrap_or_default();
        (of.total, of.day)
    }

    /// The budgets that a session shares with others, with what it has not put on record itself.
    pub fn shared(&self, spec: &SessionSpec, of_day: Allowance, day: Day, uncounted: Spent) -> Vec<Account> {
        let mut shared = Vec::new();
        if let (Some(key), Some(rules)) = (spec.key, &spec.rules) {
            let (total, today) = self.of_key(key, day);
            shared.push(Account::new(Reach::Key, rules.total, total.plus(uncounted)));
            shared.push(Account::new(Reach::KeyDay, rules.day, today.plus(uncounted)));
        }
        let all = {
            let mut inner = self.lock();
            inner.turn_to(day);
            inner.all
        };
        shared.push(Account::new(Reach::Day, of_day, all.plus(uncounted)));
        shared.retain(|account| account.allowance != Allowance::default());
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_day_begins_with_nothing_spent_and_a_key_with_what_it_had() {
        let key = KeyId::new(Uuid::from_u128(1));
        let steps = |steps| Spent { steps, ..Spent::default() };
        let ledger = Ledger::default();
        ledger.begin(7, vec![SpentByKey { key: Some(key), total: steps(10), day: steps(3) }]);
        ledger.add(Some(key), 7, steps(1));
        ledger.add(None, 7, steps(5));
        assert_eq!(ledger.of_key(key, 7), (steps(11), steps(4)));
        assert_eq!(ledger.lock().all, steps(9));
        assert_eq!(ledger.of_key(key, 8), (steps(11), steps(0)));
        // Said late of the day before, it counts for the key and not for this day.
        ledger.add(Some(key), 7, steps(2));
        assert_eq!(ledger.of_key(key, 8), (steps(13), steps(0)));
        assert_eq!(ledger.lock().all, steps(0));
    }
}
