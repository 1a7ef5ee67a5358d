//! A packet socket to somebody inside, awaited.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use serde::{Serialize, de::DeserializeOwned};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::inside::channel::{Packet, receive, send};

#[derive(Debug)]
pub struct Link {
    socket: AsyncFd<OwnedFd>,
}

impl Link {
    /// A link and the end that goes inside. Packets that come over it name their senders.
    pub fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = crate::inside::channel::pair()?;
        rustix::net::sockopt::set_socket_passcred(&ours, true)?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        let socket = crate::system::awaited(ours, Interest::READABLE | Interest::WRITABLE)?;
        Ok((Self { socket }, theirs))
    }

    pub async fn send<T: Serialize>(&self, message: &T, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        self.socket.async_io(Interest::WRITABLE, |socket| send(socket.as_fd(), message, descriptors)).await
    }

    /// The next packet; none when nobody is left on the other side.
    pub async fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<Packet<T>>> {
        let received = self.socket.async_io(Interest::READABLE, |socket| receive(socket.as_fd())).await;
        match received {
            Err(error) if error.raw_os_error() == Some(Errno::CONNRESET.raw_os_error()) => Ok(None),
            received => received,
        }
    }
}
