//! What the server's process is to the rest of the machine.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Enough for every connection and sandbox; more would only slow programs down that close all they could have open.
const OPEN_FILES: u64 = 65_536;

/// Nobody else reads its memory, no crash writes it to the disk, and it may have as many files open as it needs.
pub fn prepare() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let kept = [setrlimit(Resource::Core, none), set_dumpable_behavior(DumpableBehavior::NotDumpable)];
    for error in kept.into_iter().filter_map(Result::err) {
        tracing::warn!(%error, "the server's memory may show in a core dump");
    }
    let files = getrlimit(Resource::Nofile);
    let wanted = files.maximum.unwrap_or(OPEN_FILES).min(OPEN_FILES);
    if files.current.is_some_and(|current| current < wanted) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: files.maximum });
        raised.unwrap_or_else(|error| tracing::warn!(%error, "the limit of open files could not be raised"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_memory_is_its_own() {
        prepare();
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert!(getrlimit(Resource::Nofile).current.is_none_or(|files| files >= 1024));
    }
}
