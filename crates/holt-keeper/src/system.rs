//! The system calls that have no safe wrapper: becoming two, becoming another program, and a few around them.
//!
//! Each function states what must hold; all are called from processes with a single thread, except [`enter_before_start`],
//! whose part between fork and exec only makes system calls.

#![expect(
    unsafe_code,
    reason = "fork, exec, and descriptors by number exist only as unsafe calls; this is the one place for them"
)]

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr;

use rustix::process::Pid;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Which of the two one is after a fork.
#[derive(Debug)]
pub enum Forked {
    Child,
    Parent(Pid),
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Becomes two processes. The caller has one thread.
pub fn fork() -> io::Result<Forked> {
    // SAFETY: with a single thread the child is a whole copy; no lock can be held by a thread that it lacks.
    let pid = check(unsafe { libc::fork() })?;
    Ok(Pid::from_raw(pid).map_or(Forked::Child, Forked::Parent))
}

/// Becomes another program; returns only why not.
pub fn exec(program: &CStr, argv: &[CString], variables: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
    };
    let (argv, variables) = (pointers(argv), pointers(variables));
    // SAFETY: all three are strings that end in a null byte, in lists that end in a null pointer, alive over the call.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), variables.as_ptr()) };
    io::Error::last_os_error()
}

/// Takes over a descriptor that was inherited under a known number. Each number is taken once.
pub fn inherited(number: RawFd) -> OwnedFd {
    // SAFETY: whoever started this process put the descriptor there for it, and nothing else here owns it.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Puts a descriptor at a number, kept over exec.
pub fn place(descriptor: BorrowedFd<'_>, number: RawFd) -> io::Result<()> {
    // SAFETY: replaces what was at `number`, in a process that is about to exec or has just begun and owns all its numbers.
    check(unsafe { libc::dup2(descriptor.as_raw_fd(), number) }).map(drop)
}

/// Closes every descriptor from this number on when the process becomes another program.
pub fn close_on_exec_from(number: u32) -> io::Result<()> {
    const CLOEXEC: libc::c_uint = 4;
    // SAFETY: marks descriptors only; none is closed under its owner.
    check(unsafe { libc::syscall(libc::SYS_close_range, number, u32::MAX, CLOEXEC) } as libc::c_int).map(drop)
}

/// Closes every descriptor from this number on, now. For a process that has just begun and owns none of them.
pub fn close_from(number: u32) -> io::Result<()> {
    // SAFETY: called first thing in a program, before anything that owns a descriptor exists.
    check(unsafe { libc::syscall(libc::SYS_close_range, number, u32::MAX, 0) } as libc::c_int).map(drop)
}

/// Closes everything but the standard streams and this one descriptor. For a process that has just begun and owns no other.
pub fn close_all_but(number: RawFd) -> io::Result<()> {
    const FIRST: RawFd = 3;
    if number > FIRST {
        let (first, last) = (FIRST.cast_unsigned(), (number - 1).cast_unsigned());
        // SAFETY: called first thing in a program, before anything that owns a descriptor exists.
        check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } as libc::c_int)?;
    }
    close_from((number + 1).cast_unsigned())
}

/// Blocks these signals and gives a descriptor from which they are read.
pub fn signals(numbers: &[libc::c_int]) -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised by `sigemptyset` before it is read; the new descriptor has no other owner.
    unsafe {
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut set);
        for number in numbers {
            libc::sigaddset(&raw mut set, *number);
        }
        check(libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()))?;
        let number = check(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))?;
        Ok(OwnedFd::from_raw_fd(number))
    }
}

/// Every signal as a new program expects it: unblocked, and with its default effect.
pub fn reset_signals() {
    // SAFETY: no handler of this program is in use afterwards; unknown numbers are refused without effect.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut());
    }
}

/// Lets the command start with signals as a new program expects them, whatever is blocked here.
pub fn with_usual_signals(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec only `signal` and `sigprocmask` are called.
    unsafe {
        command.pre_exec(|| {
            reset_signals();
            Ok(())
        })
    }
}

/// Lets a signal pass without effect.
pub fn ignore_signal(signal: libc::c_int) {
    // SAFETY: ignoring installs no handler.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// Makes the command write `0` into these files before it starts: it enters those cgroups, and everything of it with it.
pub fn enter_before_start(command: &mut Command, entrances: Vec<File>) {
    // SAFETY: between fork and exec only `write` is called, on descriptors that live in the closure.
    unsafe {
        command.pre_exec(move || entrances.iter().try_for_each(|mut entrance| entrance.write_all(b"0")));
    }
}

/// Lets the command inherit these descriptors under their own numbers.
pub fn inherit(command: &mut Command, numbers: Vec<RawFd>) {
    // SAFETY: between fork and exec only `fcntl` is called, on numbers that are open in the parent over the start.
    unsafe {
        command.pre_exec(move || numbers.iter().try_for_each(|number| check(libc::fcntl(*number, libc::F_SETFD, 0)).map(drop)));
    }
}

/// What is to hold of a mount that is not attached yet. It never honours set-user-id files.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    pub read_only: bool,
    pub devices: bool,
    /// A user namespace by which its files appear with other owners.
    pub owners: Option<BorrowedFd<'a>>,
}

pub fn set_mount_attributes(mount: BorrowedFd<'_>, attributes: &Attributes<'_>) -> io::Result<()> {
    let flag = |wanted: bool, flag: u64| if wanted { flag } else { 0 };
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_NOSUID
            | flag(attributes.read_only, libc::MOUNT_ATTR_RDONLY)
            | flag(!attributes.devices, libc::MOUNT_ATTR_NODEV)
            | flag(attributes.owners.is_some(), libc::MOUNT_ATTR_IDMAP),
        attr_clr: 0,
        propagation: 0,
        userns_fd: attributes.owners.map_or(0, |owners| owners.as_raw_fd() as u64),
    };
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    // SAFETY: the path is an empty string, the structure is as long as is said, both live over the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    check(result as libc::c_int).map(drop)
}

/// Leaves the host's mount namespace for a copy of it.
pub fn own_mounts() -> io::Result<()> {
    // SAFETY: changes only the calling process, which has one thread.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS) }).map(drop)
}

/// Enters a new user namespace, in a child that does nothing else than to hold it.
pub fn enter_user_namespace() -> io::Result<()> {
    // SAFETY: changes only the calling process, which has one thread.
    check(unsafe { libc::unshare(libc::CLONE_NEWUSER) }).map(drop)
}

/// Leaves the host's network for a namespace of its own, in which nothing is yet. Whoever is not root needs a user namespace
/// for that, in which it is nobody until it is mapped.
pub fn own_network(in_user_namespace: bool) -> io::Result<()> {
    let user = if in_user_namespace { libc::CLONE_NEWUSER } else { 0 };
    // SAFETY: changes only the calling process, which has one thread.
    check(unsafe { libc::unshare(libc::CLONE_NEWNET | user) }).map(drop)
}

/// Lets packets pass a network's loopback device. The socket is any of that network.
pub fn raise_loopback(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: all zeroes is a valid request; the name leaves room for the null byte at its end.
    let mut request = unsafe { std::mem::zeroed::<libc::ifreq>() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // SAFETY: the kernel reads a whole request, which lives over the call.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) }).map(drop)
}

/// Ends the process at once, without running what the program would do at its end.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: does not return; nothing is left to keep in order.
    unsafe { libc::_exit(code) }
}

/// A descriptor whose readiness can be awaited.
pub fn awaited(descriptor: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` owns what it names until it is dropped, and is dropped only after it has been deregistered.
    unsafe { AsyncFd::register_with_interest(descriptor, interest) }.map_err(io::Error::from)
}
