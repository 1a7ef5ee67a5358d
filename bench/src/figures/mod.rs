//! The figures, in the order in which they are measured.

mod agent;
mod appends;
mod calls;
mod create;
mod desktop;
mod first_output;
mod followers;
mod gateway;
mod hands;
mod record;
mod replay;
mod rooms;
mod soak;
mod start;
pub mod viewers;

use futures::future::LocalBoxFuture;

use crate::bench::Bench;
use crate::table::Line;

/// Measures and says what came out.
type Figure = fn(&Bench) -> LocalBoxFuture<'_, anyhow::Result<Vec<Line>>>;

/// Name, what it is about, and how it is measured.
pub const FIGURES: &[(&str, &str, Figure)] = &[
    ("start", "from exec to the first answer, and memory at rest", |bench| Box::pin(start::measure(bench))),
    ("create", "a session is made, without its sandbox", |bench| Box::pin(create::measure(bench))),
    ("first-output", "from a prompt to the first output of a command", |bench| Box::pin(first_output::measure(bench))),
    ("calls", "a command in a live sandbox", |bench| Box::pin(calls::measure(bench))),
    ("agent", "the agent's own time in a turn", |bench| Box::pin(agent::measure(bench))),
    ("desktop", "a screen comes up, is looked at and clicked on", |bench| Box::pin(desktop::measure(bench))),
    ("hands", "a picture of a screen and a click on it, beside Playwright", |bench| Box::pin(hands::measure(bench))),
    ("rooms", "what desktops and a browser hold", |bench| Box::pin(rooms::measure(bench))),
    ("viewers", "one desktop's stream to its viewers, beside websockify", |bench| Box::pin(viewers::measure(bench))),
    ("gateway", "programs in sandboxes ask models", |bench| Box::pin(gateway::measure(bench))),
    ("appends", "durable events of many sessions", |bench| Box::pin(appends::measure(bench))),
    ("replay", "a long session is read back", |bench| Box::pin(replay::measure(bench))),
    ("followers", "one session's events to a thousand followers", |bench| Box::pin(followers::measure(bench))),
    ("soak", "a thousand sessions come and go", |bench| Box::pin(soak::measure(bench))),
];
