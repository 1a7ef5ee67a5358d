//! What the tests of several crates share: a model provider and sandboxes that do as a test says, and small helpers.
//!
//! Everything waits for events and signals that a test gives, never for time. It knows the ports of `holt-core` and none of
//! their real adapters.

pub mod display;
mod fake_model;
mod fixtures;
mod gate;
mod host_tools;
pub mod sandboxes;
pub mod scripted_model;
pub mod store_contract;
mod wait;
mod xvnc;

pub use fake_model::{Answer, Beat, FAKE_MODEL, FakeModel};
pub use fixtures::{fresh, temp_dir, tool_specs};
pub use gate::Gate;
pub use host_tools::HostTools;
pub use sandboxes::{FakeSandboxes, Operation};
pub use scripted_model::{Script, ScriptedModel, Step};
pub use wait::{eventually, until, within};
pub use xvnc::Xvnc;
