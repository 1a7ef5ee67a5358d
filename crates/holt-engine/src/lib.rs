//! The running side of Holt's domain.
//!
//! Everybody who wants something of a session talks to the one [`Engine`] handle, which is cheap to clone. A session that
//! is awake has one owner task; only that task changes it: it receives an input, lets the core decide, makes the events
//! durable, shows them to whoever follows, and then runs the effects. A session that is idle has no task.
//!
//! Deliberately absent: HTTP, SQL, processes. The engine knows ports, never adapters.

mod call;
mod desk;
mod effects;
mod engine;
mod error;
mod feed;
mod files;
mod hub;
mod instructions;
mod keep;
mod ledger;
mod memory;
mod node;
mod offered;
mod owner;
mod part;
mod reports;
mod requests;
mod schedule;
mod source;
mod watch;

pub use engine::{
    ControlWatch, Engine, EngineStatus, KeptWorkspace, KnownDefinition, Options, Parts, RecordingWatch, TerminalLine,
};
pub use error::EngineError;
pub use feed::{Feed, FeedItem};
pub use files::SessionFiles;
pub use hub::Recording;
pub use requests::{
    Answer, ChangeFact, ChangeTerminal, CreateSession, ForkFiles, ForkPlace, ForkSession, ListSessions, OpenTerminal, Page,
    PromptReceipt, Remember, SendPrompt,
};
pub use watch::{Watch, WatchItem};
