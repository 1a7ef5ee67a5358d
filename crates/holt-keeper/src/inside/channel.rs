//! The words between the keeper and the processes that it has inside: one JSON message per packet, descriptors beside it.
//!
//! The keeper's end asks the kernel for the sender's process id, which tells it a leader's id as the host sees it.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::protocol::message::{Exit, Group};
use crate::protocol::terminal::Size;

/// The most bytes of a message. Below what a socket takes at once by default.
pub const MAX_MESSAGE: usize = 128 * 1024;
/// The most descriptors beside a message.
pub const MAX_DESCRIPTORS: usize = 8;

/// To process 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToInit {
    /// Become two; the other leads this group. Beside this are the descriptor over which it is talked to and, open for
    /// writing, the entrances of the group's cgroups.
    Lead { group: Group, limits: ProcessLimits },
}

/// What each process may use by itself, whether or not cgroups hold the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessLimits {
    pub file_bytes: u64,
    pub processes: u64,
    /// Only where no cgroup limits memory.
    pub data_bytes: Option<u64>,
}

/// To a leader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToLeader {
    Start(Start),
    Signal { id: u64, signal: i32 },
}

/// A process to start, with the descriptors beside the message at these numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    pub id: u64,
    pub argv: Vec<String>,
    pub variables: BTreeMap<String, String>,
    pub directory: Option<String>,
    pub descriptors: Vec<i32>,
    /// It gets a terminal of this size as its input, output and errors, besides.
    pub terminal: Option<Size>,
}

/// From a leader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromLeader {
    /// The first word, said within the group's cgroups and limits; by it the keeper learns the leader's process id.
    Here,
    /// The first word of a process that was asked for, said by itself before it becomes the program; by it the keeper learns
    /// the process's id. When it has a terminal, the end from which that is driven is beside this.
    Begun {
        id: u64,
    },
    Failed {
        id: u64,
        message: String,
    },
    Exited {
        id: u64,
        exit: Exit,
    },
}

/// A packet as it came.
#[derive(Debug)]
pub struct Packet<T> {
    pub message: T,
    pub descriptors: Vec<OwnedFd>,
    /// Who sent it, where the receiver asked the kernel to tell.
    pub sender: Option<i32>,
}

pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

pub fn send<T: Serialize>(socket: impl AsFd, message: &T, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    if bytes.len() > MAX_MESSAGE || descriptors.len() > MAX_DESCRIPTORS {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the message is too long"));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    sendmsg(socket, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// The next packet; none when the other side is gone.
pub fn receive<T: DeserializeOwned>(socket: impl AsFd) -> io::Result<Option<Packet<T>>> {
    let mut bytes = vec![0; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS), ScmCredentials(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let (mut descriptors, mut sender) = (Vec::new(), None);
    for part in ancillary.drain() {
        match part {
            RecvAncillaryMessage::ScmRights(rights) => descriptors.extend(rights),
            RecvAncillaryMessage::ScmCredentials(credentials) => sender = Some(credentials.pid.as_raw_nonzero().get()),
            _ => {}
        }
    }
    if got.bytes == 0 {
        return Ok(None);
    }
    if got.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too long"));
    }
    let message = serde_json::from_slice(&bytes[..got.bytes])?;
    Ok(Some(Packet { message, descriptors, sender }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_brings_its_descriptors_and_its_sender() {
        let (one, other) = pair().unwrap();
        rustix::net::sockopt::set_socket_passcred(&other, true).unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        send(&one, &ToLeader::Signal { id: 3, signal: 9 }, &[file.as_fd(), file.as_fd()]).unwrap();
        let packet: Packet<ToLeader> = receive(&other).unwrap().unwrap();
        assert_eq!(packet.message, ToLeader::Signal { id: 3, signal: 9 });
        assert_eq!(packet.descriptors.len(), 2);
        assert_eq!(packet.sender, Some(std::process::id() as i32));
        drop(one);
        assert!(receive::<ToLeader>(&other).unwrap().is_none());
    }

    #[test]
    fn what_is_too_long_is_not_sent() {
        let (one, _other) = pair().unwrap();
        let message = FromLeader::Failed { id: 1, message: "x".repeat(MAX_MESSAGE) };
        assert!(send(&one, &message, &[]).is_err());
    }
}
