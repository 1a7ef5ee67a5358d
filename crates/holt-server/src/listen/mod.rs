//! Listening: addresses with and without TLS, and the private socket. All lead to the same routes.

mod connection;
mod exposure;
mod stall;
mod tls;
mod unix;

use std::net::{IpAddr, Ipv4Addr};

pub(crate) use connection::{Connections, accept_tcp, accept_unix};
pub use exposure::{Exposure, check_exposure};
pub(crate) use stall::Unstalled;
pub use tls::TlsError;
pub(crate) use tls::{Tls, names_for};
pub(crate) use unix::PrivateSocket;
pub use unix::SocketError;

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(crate) enum Peer {
    /// A process of the same user, on the private socket.
    Unix,
    Tcp {
        address: IpAddr,
        /// The address of ours at which it arrived.
        local: IpAddr,
        tls: bool,
    },
}

impl Peer {
    /// For a request that no connection brought: it has no rights.
    pub const NOBODY: Self =
        Self::Tcp { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), local: IpAddr::V4(Ipv4Addr::UNSPECIFIED), tls: false };
}
