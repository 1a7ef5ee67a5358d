//! Keeps the toolbox's descriptors from its commands, also those that whoever started the toolbox left open by mistake.

#![expect(unsafe_code, reason = "a descriptor that is known by its number only has to be borrowed by its number")]

use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::FdFlags;

/// Marks every descriptor but the three standard ones so that no command inherits it.
pub fn keep_from_commands() -> io::Result<()> {
    let numbers: Vec<RawFd> = std::fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in numbers {
        // SAFETY: the borrow ends with this statement, and what is done through it changes neither what the descriptor
        // refers to nor whether it is open. Should it have been closed since it was listed, as the one of the list
        // itself has been, the call only fails.
        let _ = rustix::io::fcntl_setfd(unsafe { BorrowedFd::borrow_raw(number) }, FdFlags::CLOEXEC);
    }
    Ok(())
}
