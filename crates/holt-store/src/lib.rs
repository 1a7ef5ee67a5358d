//! Where Holt keeps what must not be lost: the event logs, the heads of sessions and the keys.
//!
//! `DataDir` guards the directory: one server at a time, and never one that is too old for what stands there.
//! `sqlite` is the embedded store. What was acknowledged is on the disk; what comes back is what was written, or an error.

pub mod data_dir;
pub mod memory;
pub mod sqlite;
pub mod vault;

pub use data_dir::{DataDir, DataDirError};
pub use memory::FileMemories;
pub use sqlite::{OpenError, Options, SqliteStore};
pub use vault::FileVault;
