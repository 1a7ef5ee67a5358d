//! Where data is kept and where the server would listen.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use holt_client::Client;
use holt_core::sandbox::{Finding, FindingState};
use rustix::fs::{Access, StatVfs, access, statvfs};

use crate::config::Config;
use crate::show::words::size;

/// Less than this is soon full.
const LITTLE_SPACE: u64 = 2 << 30;

pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![data_dir(&config.data_dir)];
    let server = Client::local(&config.data_dir).status().await.ok();
    let has = |address: &SocketAddr| {
        server.iter().flat_map(|status| &status.listeners).any(|listener| listener.address == address.to_string())
    };
    findings.extend(config.listen.addresses.iter().map(|address| listening(*address, has(address))));
    findings
}

fn data_dir(path: &Path) -> Finding {
    let finding = |state, text: String, hint: Option<&str>| Finding {
        name: "data_dir".into(),
        state,
        text,
        hint: hint.map(str::to_owned),
        fix: None,
    };
    let shown = path.display();
    // One that is still to be made stands and falls with what is above it.
    let Some(existing) = path.ancestors().find(|ancestor| fs::metadata(ancestor).is_ok()) else {
        return finding(FindingState::Bad, format!("{shown} cannot be reached."), Some("Name another with --data-dir."));
    };
    if access(existing, Access::WRITE_OK).is_err() {
        let hint = "Mend its permissions, or name another with --data-dir.";
        return finding(
            FindingState::Bad,
            format!("{} cannot be written, where data is to be kept.", existing.display()),
            Some(hint),
        );
    }
    match statvfs(existing).map(|found| free(&found)) {
        Ok(free) if free < LITTLE_SPACE => finding(
            FindingState::Weak,
            format!("{shown} has only {} left.", size(free)),
            Some("Free space; `holt gc` removes old sessions."),
        ),
        Ok(free) => finding(FindingState::Good, format!("Data is kept in {shown}, where {} are free.", size(free)), None),
        Err(error) => finding(FindingState::Weak, format!("{shown} does not tell its free space: {error}."), None),
    }
}

fn free(found: &StatVfs) -> u64 {
    found.f_bavail.saturating_mul(found.f_frsize)
}

/// `has`: the server of this data directory listens there already.
fn listening(address: SocketAddr, has: bool) -> Finding {
    let finding = |state, text: String, hint: Option<&str>| Finding {
        name: "address".into(),
        state,
        text,
        hint: hint.map(str::to_owned),
        fix: None,
    };
    if has {
        return finding(FindingState::Good, format!("The server runs and listens on {address}."), None);
    }
    match TcpListener::bind(address) {
        Ok(_) => finding(FindingState::Good, format!("{address} is free: a server can listen there."), None),
        Err(error) => {
            let text = match error.kind() {
                ErrorKind::AddrInUse => format!("Another program listens on {address}."),
                _ => format!("A server cannot listen on {address}: {error}."),
            };
            let hint = "End that program, or choose another address with --listen.";
            finding(FindingState::Weak, text, Some(hint))
        }
    }
}
