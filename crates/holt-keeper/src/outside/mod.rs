//! The keeper, on the host's side of the sandbox.
//!
//! It begins with two descriptors: its listening socket in place of the standard input, its spec in place of the standard
//! output. Nothing about it is in arguments or environment. It becomes two: the [`janitor`] stays as it was and clears up
//! when the other is gone; the other gives up root where it has it ([`birth`]), builds the sandbox ([`sandbox`]) and serves
//! ([`serve`]).

mod birth;
mod calls;
mod connection;
mod disk;
mod groups;
mod janitor;
mod keeper;
mod link;
mod mcp;
mod processes;
mod sandbox;
mod serve;
mod stage;

use std::process::ExitCode;

use crate::system::{self, Forked};

/// Runs as a session's keeper.
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
    if let Some(cgroups) = &born.spec.cgroups {
        let made = cgroups.create(&born.spec.limits, born.spec.identity);
        made.map_err(|error| std::io::Error::other(format!("the session's cgroups cannot be made: {error}")))?;
    }
    match system::fork()? {
        Forked::Parent(keeper) => {
            drop(born.listener);
            janitor::run(keeper, &born.spec);
            Ok(())
        }
        Forked::Child => {
            let settled = birth::settle(born)?;
            keeper::run(settled)
        }
    }
}
