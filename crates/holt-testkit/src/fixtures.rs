//! Small things that many tests need.

use holt_core::tool::{Place, ToolSpec};
use tempfile::TempDir;
use uuid::Uuid;

/// A new id of any kind: `fresh::<SessionId>(SessionId::new)`.
pub fn fresh<Id>(make: impl FnOnce(Uuid) -> Id) -> Id {
    make(Uuid::now_v7())
}

/// A directory that goes away with the value.
///
/// # Panics
/// When the machine cannot make one.
pub fn temp_dir() -> TempDir {
    tempfile::Builder::new().prefix("holt-test-").tempdir().expect("a temporary directory")
}

/// The tools that every sandbox has, out of the toolbox's own catalogue.
pub fn tool_specs() -> Vec<ToolSpec> {
    let spec = |tool: &holt_toolbox::catalogue::Tool| ToolSpec {
        name: tool.name.to_owned(),
        description: tool.description.to_owned(),
        parameters: tool.input_schema.clone().into(),
        reads_only: tool.reads_only,
        parallel: tool.parallel,
        screen: tool.screen,
        place: Place::Sandbox,
    };
    holt_toolbox::catalogue::catalogue().iter().map(spec).collect()
}
