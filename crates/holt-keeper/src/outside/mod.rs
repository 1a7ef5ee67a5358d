//! The keeper, on the host's side of the sandbox.
//!
//! It begins with two descriptors: its listening socket in place of the standard input, its spec in place of the standard
//! output. Nothing about it is in arguments or environment. It becomes two: the `janitor` stays as it was and clears up
//! when the other is gone; the other gives up root where it has it (`birth`), builds the sandbox (`sandbox`) and serves
//! (`serve`).

mod birth;
mod browser;
mod calling;
mod calls;
mod compose;
mod connection;
mod count;
mod desktop;
mod disk;
mod ending;
mod groups;
mod guard;
mod janitor;
mod keeper;
mod leaders;
mod lines;
mod link;
mod mapping;
mod mcp;
mod network;
mod ports;
mod processes;
mod programs;
mod sandbox;
mod serve;
mod stage;
mod streams;
mod terminals;
mod toolbox;
mod usage;
mod waiting;

use std::process::ExitCode;

use crate::system::{self, Forked};

/// Runs as a session's keeper and its janitor.
pub fn run() -> ExitCode {
    match live() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            birth::log(&format!("the keeper ends: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn live() -> std::io::Result<()> {
    let born = birth::take()?;
    let (cgroups_are_made, tell_made) = std::io::pipe()?;
    match system::fork()? {
        Forked::Parent(keeper) => {
            drop((born.listener, cgroups_are_made));
            janitor::run(keeper, &born.spec, tell_made);
            Ok(())
        }
        Forked::Child => {
            drop(tell_made);
            let settled = birth::settle(born, cgroups_are_made)?;
            keeper::run(settled)
        }
    }
}
