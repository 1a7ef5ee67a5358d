//! What the agent knows of its session between steps. Each event is decoded once and not kept: what is held is what the
//! model may still see.

use holt_core::agent::{Desk, Halted};
use holt_core::context::Planner;
use holt_core::id::RunId;
use holt_core::model::Turn;

use super::standing::{self, Standing};

#[derive(Debug)]
pub struct Memory {
    run: RunId,
    planner: Planner,
    standing: Standing,
}

impl Memory {
    /// Of a run whose model may see up to so many bytes.
    pub fn new(run: RunId, most_bytes: usize) -> Self {
        Self { run, planner: Planner::new(most_bytes), standing: Standing::default() }
    }

    /// Goes to the desk for the next step and takes in all that is new.
    pub async fn next_step(&mut self, desk: &dyn Desk) -> Result<Standing, Halted> {
        let mut page = desk.next_step().await?;
        while !page.is_empty() {
            for (at, body) in page.iter().filter_map(|event| Some((event.at, event.decode()?))) {
                self.standing = standing::following(self.standing, &body, self.run);
                self.planner.take(at, body);
            }
            page = desk.more().await?;
        }
        Ok(self.standing)
    }

    /// What the model sees within a budget.
    pub fn turns(&self, budget_bytes: usize) -> Vec<Turn> {
        self.planner.plan(budget_bytes)
    }
}
