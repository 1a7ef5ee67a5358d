//! Ways to a desktop for viewers that others wrote: raw RFB with a password, and a port for each session with a page of its own.
//!
//! All of it is off unless it was asked for. Nobody sees anything before showing what they have: the password, or the
//! capability of that one session. Such a viewer watches; where the settings let it, its first key or button takes control,
//! as by the button of the page: while nobody else has it, the agent waits, and everybody sees it.

mod exposure;
mod hand;
mod port;
mod ports;
mod raw;
mod show;
pub(crate) mod upgrade;
mod usual;

pub use exposure::VncExposure;
pub(crate) use exposure::{check_plain, check_vnc};
pub(crate) use port::{PAGE, TOKEN};
pub use ports::VncPorts;
pub(crate) use ports::{Ports, close_if_over, keep as keep_ports};
pub(crate) use raw::{Raw, accept_raw};

use std::net::SocketAddr;

use holt_core::access::{Principal, Scope};
use secrecy::SecretString;

use crate::auth::keyring::Proved;

/// Raw RFB of the default desktop.
#[derive(Debug, Clone)]
pub struct VncOptions {
    pub listen: Vec<SocketAddr>,
    pub password: SecretString,
    /// A viewer takes control with its first key or button; else it only watches.
    pub takes_control: bool,
    /// Listens where others can come, although nothing on this connection is encrypted.
    pub wide: bool,
}

/// Whoever shows the password: the server's first user, who may look, and drive where that was allowed.
fn viewer(takes_control: bool) -> Principal {
    let mut scopes = vec![Scope::View];
    scopes.extend(takes_control.then_some(Scope::Operate));
    Principal { scopes, ..Proved::owner("a VNC viewer").principal }
}
