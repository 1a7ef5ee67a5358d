//! The routes, by what they are about. Each file ends with its own list.

mod agents;
mod archive;
mod artifacts;
mod budgets;
mod compaction;
pub(crate) mod desktop;
mod events;
mod feed;
mod files;
mod forks;
mod health;
mod host_secrets;
mod index;
mod keys;
mod mcp;
mod memory;
mod metrics;
mod models;
mod network;
mod previews;
mod profiles;
mod prompts;
mod recording;
mod search;
mod sessions;
pub(crate) mod sign_in;
mod snapshots;
mod status;
mod terminals;
mod tickets;
mod tool_servers;
mod transfer;

use crate::router::Declared;

pub(crate) use prompts::to_engine_prompt;
pub(crate) use transfer::{Receiver, off_thread};

pub(crate) fn all() -> Vec<Declared> {
    let groups = [
        sessions::routes(),
        forks::routes(),
        budgets::routes(),
        agents::routes(),
        prompts::routes(),
        events::routes(),
        compaction::routes(),
        memory::routes(),
        search::routes(),
        feed::routes(),
        files::routes(),
        archive::routes(),
        artifacts::routes(),
        desktop::routes(),
        profiles::routes(),
        recording::routes(),
        network::routes(),
        host_secrets::routes(),
        snapshots::routes(),
        previews::routes(),
        terminals::routes(),
        keys::routes(),
        models::routes(),
        tickets::routes(),
        sign_in::routes(),
        status::routes(),
        health::routes(),
        metrics::routes(),
        mcp::routes(),
        tool_servers::routes(),
        index::routes(),
    ];
    groups.into_iter().flatten().collect()
}
