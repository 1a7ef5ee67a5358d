//! The life of a session as pure functions.
//!
//! ```text
//!          prompt                    brain is done, or halted
//!   idle ─────────▶ running ⇄ waiting ─────────▶ idle (or the next prompt's run)
//!    ▲ ▼              │
//!   asleep            │ stop, expiry, a task's first run is over
//!                     ▼
//!   failed ◀──── ending ────▶ ended
//! ```
//!
//! `decide` looks at a state and an input and answers with events and effects; `State::apply` folds an event into the
//! state. The caller makes the events durable, applies them, and only then runs the effects. Since the events carry all
//! that was decided, a state folded from the log by another process is the same state.
//!
//! Promises, kept by property tests over input sequences: an ended session stays ended; at most one run is under way;
//! prompts are taken in the order in which they arrived; every proposed call gets exactly one result; a prompt sent twice
//! is taken once; nothing depends on a clock or on chance that is not in the input.

mod apply;
mod calls;
mod decide;
mod input;
pub mod own;
mod spending;
mod state;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use decide::{decide, fork};
pub use input::{Decision, Effect, Fact, Input, NewAnswer, NewPrompt, Published, Refusal};
pub use state::{Answered, MAX_ARTIFACTS, MAX_GRANTS, MAX_QUEUE, MAX_REPLY_BYTES, PartUsed, Phase, RunState, State, Today};
