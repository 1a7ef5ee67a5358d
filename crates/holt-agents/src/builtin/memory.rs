//! What the agent knows of its session between steps. Each event is decoded once and not kept: what is held is what the
//! model may still see.

use std::sync::Arc;

use holt_core::agent::{Brief, Desk, Halted};
use holt_core::context::{Draft, Planner};
use holt_core::event::Event;
use holt_core::id::{CallId, RunId};
use holt_core::model::Turn;

use super::standing::{self, Standing};

#[derive(Debug)]
pub struct Memory {
    run: RunId,
    /// The call that gave the part of the work that it is about.
    part: Option<CallId>,
    planner: Planner,
    standing: Standing,
}

impl Memory {
    /// Of a run whose model may see up to so many bytes.
    pub fn new(brief: &Brief, most_bytes: usize) -> Self {
        let planner = match &brief.part {
            Some(part) => Planner::of_part(most_bytes, part),
            None => Planner::new(most_bytes, brief.start),
        };
        let part = brief.part.as_ref().map(|part| part.call);
        Self { run: brief.run, part, planner, standing: Standing::default() }
    }

    /// Goes to the desk for the next step and takes in all that is new.
    pub async fn next_step(&mut self, desk: &dyn Desk) -> Result<Standing, Halted> {
        let mut page = desk.next_step().await?;
        while !page.is_empty() {
            self.take(&page);
            page = desk.more().await?;
        }
        Ok(self.standing)
    }

    /// Takes in all that there is, where no step is to be taken.
    pub async fn read(&mut self, desk: &dyn Desk) -> Result<(), Halted> {
        loop {
            let page = desk.more().await?;
            if page.is_empty() {
                return Ok(());
            }
            self.take(&page);
        }
    }

    fn take(&mut self, page: &[Arc<Event>]) {
        for (seq, at, body) in page.iter().filter_map(|event| Some((event.seq, event.at, event.decode()?))) {
            self.standing = standing::following(self.standing, &body, self.run, self.part);
            self.planner.take(seq, at, body);
        }
    }

    /// What the model sees within a budget.
    pub fn turns(&self, budget_bytes: usize) -> Vec<Turn> {
        self.planner.plan(budget_bytes)
    }

    /// What is to be summed up now, if anything.
    pub fn draft(&self, budget_bytes: usize) -> Option<Draft> {
        self.planner.draft(budget_bytes)
    }
}
