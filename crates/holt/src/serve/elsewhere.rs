//! Outside servers of tools: where they are written down, and by whom their addresses are checked.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use holt_core::sandbox::Sandboxes;
use holt_core::vault::Vault;
use holt_egress::{Dialer, Host, Target};
use holt_mcp::remote::Lookup;
use holt_mcp::servers::{Apart, Parts, Servers, Timing};
use holt_mcp::shelf::Shelf;

use crate::config::Config;
use crate::failure::{Exit, Failure};

/// Looks addresses up as the dialer of sandboxes does: never this machine's, never its networks'.
struct Checked(Dialer);

#[async_trait]
impl Lookup for Checked {
    async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        let host: Host = host.parse().map_err(|_| "it is not the name of a host".to_owned())?;
        self.0.resolve(&Target { host, port }).await.map_err(|refusal| format!("{refusal}. {}", refusal.hint()))
    }
}

pub fn servers(config: &Config, data_dir: &Path, vault: Arc<dyn Vault>, sandboxes: Arc<dyn Sandboxes>, apart: Apart) -> Servers {
    Servers::new(Parts {
        shelf: Arc::new(Shelf::new(data_dir)),
        vault,
        sandboxes,
        lookup: Arc::new(Checked(Dialer::new(config.sandbox.network_exceptions.clone()))),
        timing: Timing::default(),
        apart,
    })
}

/// Makes the file that names them, and the directory of their packages.
pub fn lay_out(data_dir: &Path) -> Result<(), Failure> {
    Shelf::new(data_dir).lay_out().map_err(|error| {
        let hint = "Mend the data directory's permissions or its disk.";
        Failure::new(Exit::DataDirUnusable, "mcp_servers", error.to_string(), hint)
    })
}

/// Where the packages of their programs are.
pub fn packages(data_dir: &Path) -> PathBuf {
    Shelf::packages_in(data_dir)
}
