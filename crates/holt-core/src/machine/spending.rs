//! What a session spends: counted as its events are folded in, by day, and put against its budgets.

use std::time::Duration;

use super::state::{RunState, State, Today};
use crate::budget::{Account, Reach, Reached, Spent, Usage};
use crate::time::Timestamp;

/// How many hosts people can be asked about in one run while its clock stands still. A question waits for some minutes: whoever
/// wants one host after the other does not stop the clock for good.
const HOSTS_WAITED_FOR: u32 = 20;

impl State {
    /// Something keeps the run's clock from going: the sandbox is held, a person drives, or one is asked about a host.
    pub(super) fn clock_stands(&self) -> bool {
        let asks = !self.host_questions.is_empty() && self.run().is_some_and(|run| run.hosts_asked <= HOSTS_WAITED_FOR);
        self.stands_still() || asks
    }

    /// What all runs used, the one under way included.
    pub(super) fn used(&self) -> Usage {
        self.run().map_or(self.usage, |run| self.usage.plus(run.usage))
    }

    /// Counts what the run has worked up to now.
    pub(super) fn count_work(&mut self, at: Timestamp) {
        let Some(run) = self.run_mut() else { return };
        let fresh = run.uncounted(at);
        run.counted_millis = run.counted_millis.saturating_add(fresh.millis);
        self.spend(at, fresh);
    }

    /// Counts steps that were taken, and what was used beyond what was before.
    pub(super) fn count(&mut self, steps: u64, before: Usage) {
        let (used, at) = (self.used(), self.last_at);
        let tokens = |usage: Usage| usage.input_tokens.saturating_add(usage.output_tokens);
        let fresh = Spent {
            steps,
            tokens: tokens(used).saturating_sub(tokens(before)),
            cost_micros: used.cost_micros.saturating_sub(before.cost_micros),
            millis: 0,
            unpriced: used.unpriced && !before.unpriced,
        };
        self.spend(at, fresh);
    }

    fn spend(&mut self, at: Timestamp, fresh: Spent) {
        if self.today.day != at.day() {
            self.today = Today { day: at.day(), spent: Spent::default() };
        }
        self.spent = self.spent.plus(fresh);
        self.today.spent = self.today.spent.plus(fresh);
    }

    /// What the run has worked since the last event, which is not among what was spent.
    pub fn uncounted(&self, now: Timestamp) -> Spent {
        self.run().map(|run| run.uncounted(now)).unwrap_or_default()
    }

    /// The budgets of the session's own, of its run and of all its runs, as they stand now.
    pub fn accounts(&self, now: Timestamp) -> Vec<Account> {
        let run = self.run();
        let used = run.map_or(self.between_runs, |run| run.usage);
        let worked = run.map_or(Duration::ZERO, |run| run.worked(now));
        let of_run = Spent::new(run.map_or(0, |run| u64::from(run.steps)), used, worked);
        let whole = self.spent.plus(self.uncounted(now));
        let own =
            [Account::new(Reach::Run, self.spec.budget, of_run), Account::new(Reach::Session, self.spec.session_budget, whole)];
        let of_key =
            self.spec.rules.iter().flat_map(|rules| {
                [Account::new(Reach::Run, rules.run, of_run), Account::new(Reach::Session, rules.session, whole)]
            });
        own.into_iter().chain(of_key).collect()
    }

    /// When the time of one of them is up, should the run go on working as it does since the last event.
    pub(super) fn time_is_up_at(&self) -> Option<Timestamp> {
        let left = self.accounts(self.last_at).iter().filter_map(Account::time_left).min();
        left.map(|left| self.last_at.plus(left))
    }

    /// The bound that leaves nothing for programs inside that ask models by themselves.
    pub fn models_refused(&self) -> Option<Reached> {
        let halted = self.run().and_then(|run| run.reached);
        halted.or_else(|| self.accounts(self.last_at).iter().find_map(Account::refuses_models))
    }
}

impl RunState {
    fn uncounted(&self, now: Timestamp) -> Spent {
        let worked = self.worked(now).saturating_sub(Duration::from_millis(self.counted_millis));
        Spent::new(0, Usage::default(), worked)
    }
}
