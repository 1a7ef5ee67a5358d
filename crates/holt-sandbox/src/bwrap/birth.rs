//! Starting a keeper: its socket, its secret and what it is to build are handed over by descriptor, never by argument or
//! environment.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::process::Stdio;

use holt_core::session::Limits;
use holt_keeper::cgroup::Plan;
use holt_keeper::protocol::PROTOCOL;
use holt_keeper::protocol::handshake::Bytes32;
use holt_keeper::spec::{DiskWatch, Identity, KeeperSpec, Room};
use rustix::fs::{MemfdFlags, memfd_create};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::machine::Machine;
use super::options::Options;
use super::places::{DESKTOP, Places, SOCKET, Session};
use super::room;

/// The bytes of a keeper's name, written as hexadecimal.
const NAME_BYTES: usize = 6;

/// What a new keeper is told.
#[derive(Debug)]
pub struct Birth<'a> {
    pub machine: &'a Machine,
    pub options: &'a Options,
    pub places: &'a Places,
    /// The directory of the sockets, open.
    pub sockets: BorrowedFd<'a>,
    pub session: &'a Session,
    pub identity: Option<Identity>,
    pub room: Room,
    pub browser: Room,
    pub limits: &'a Limits,
}

/// A keeper that has been started.
#[derive(Debug)]
pub struct Newborn {
    pub keeper: String,
    pub secret: Bytes32,
    pub pid: i32,
    pub cgroups: Option<Plan>,
    /// What it says when it cannot do what it should.
    pub words: File,
    /// Becomes true when the keeper and its janitor are gone.
    pub gone: watch::Receiver<bool>,
}

pub fn socket_name(keeper: &str) -> String {
    format!("{keeper}{SOCKET}")
}

pub fn start(birth: Birth<'_>) -> io::Result<Newborn> {
    let name: [u8; NAME_BYTES] = rand::random();
    let keeper: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = Bytes32(rand::random());
    let listener = listen(birth.sockets, &socket_name(&keeper))?;
    let words = File::from(memfd_create("holt-keeper-words", MemfdFlags::CLOEXEC)?);
    let executable = &birth.machine.keeper;
    let mut command = Command::new(executable);
    let spec = spec(birth, &keeper, secret);
    command.arg("keeper").env_clear();
    command
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stdout(Stdio::from(sealed(&spec)?))
        .stderr(Stdio::from(words.try_clone()?));
    let child = command.spawn().inspect_err(|_| drop(std::fs::remove_file(&spec.socket)))?;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).ok_or(io::ErrorKind::NotFound)?;
    Ok(Newborn { keeper, secret, pid, cgroups: spec.cgroups, words, gone: watched(child) })
}

/// Where viewers of a keeper's desktop come to.
pub fn desktop_socket_name(keeper: &str) -> String {
    format!("{keeper}{DESKTOP}{SOCKET}")
}

fn listen(directory: BorrowedFd<'_>, name: &str) -> io::Result<UnixListener> {
    UnixListener::bind(format!("/proc/self/fd/{}/{name}", directory.as_raw_fd()))
}

/// The spec in a file without a name.
fn sealed(spec: &KeeperSpec) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("holt-keeper", MemfdFlags::CLOEXEC)?);
    file.write_all(&serde_json::to_vec(spec)?)?;
    Ok(file.into())
}

/// Collects the process when it ends, and tells.
fn watched(mut child: Child) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        let _ = child.wait().await;
        sender.send_replace(true);
    });
    receiver
}

fn spec(birth: Birth<'_>, keeper: &str, secret: Bytes32) -> KeeperSpec {
    let Birth { machine, options, places, session, identity, room, browser, limits, .. } = birth;
    let mut directories = vec![session.home(), session.downloads(), session.browser_profile()];
    let workspace = session.workspace();
    if room.binds.iter().any(|bind| bind.source == workspace) {
        directories.push(workspace);
    }
    let elsewhere = room.binds.iter().filter(|bind| bind.writable && !directories.contains(&bind.source));
    let elsewhere = elsewhere.map(|bind| bind.source.clone()).collect();
    KeeperSpec {
        protocol: PROTOCOL,
        keeper: keeper.to_owned(),
        secret,
        server_uid: machine.uid,
        identity,
        bwrap: machine.bwrap.clone(),
        bwrap_binds_descriptors: machine.binds_descriptors,
        cgroups: machine.cgroups.as_ref().map(|base| base.below(keeper)),
        limits: room::limits(limits),
        room,
        browser,
        spool: session.home(),
        socket: places.sockets().join(socket_name(keeper)),
        desktop_socket: places.sockets().join(desktop_socket_name(keeper)),
        grace_seconds: options.grace.as_secs(),
        disk: DiskWatch {
            directories,
            elsewhere,
            floor_bytes: machine.disk_floor,
            look_millis: u64::try_from(options.disk_look.as_millis()).unwrap_or(u64::MAX),
            count_millis: u64::try_from(options.disk_count.as_millis()).unwrap_or(u64::MAX),
        },
    }
}
