//! System calls that must be refused, made as plainly as they can be.

#![expect(unsafe_code, reason = "a probe makes system calls with arguments of its own choice")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;

use libc::{c_long, syscall};

use super::Attempts;

const NULL: usize = 0;
const MODE_SUID: usize = 0o4755;
const MODE_SGID: usize = 0o2755;

pub fn try_all(attempts: &mut Attempts) {
    namespaces(attempts);
    kernel(attempts);
    others(attempts);
    sockets(attempts);
    files(attempts);
    terminal(attempts);
    limits(attempts);
}

/// Makes a call and says how it failed; nothing when it did not.
fn error_of(call: c_long, arguments: [usize; 6]) -> Option<i32> {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: every call below is given null pointers or pointers to live data, and has no effect on memory when it is refused,
    // which is what is tried.
    let result = unsafe { syscall(call, a, b, c, d, e, f) };
    (result < 0).then(|| std::io::Error::last_os_error().raw_os_error().unwrap())
}

/// A hole, unless the kernel is not even asked.
fn refused(attempts: &mut Attempts, name: &str, call: c_long, arguments: [usize; 6]) {
    let error = error_of(call, arguments);
    attempts.hole(&format!("{name}: {error:?}"), !matches!(error, Some(libc::EPERM | libc::ENOSYS)));
}

fn namespaces(attempts: &mut Attempts) {
    for (name, flag) in [
        ("user", libc::CLONE_NEWUSER),
        ("mount", libc::CLONE_NEWNS),
        ("pid", libc::CLONE_NEWPID),
        ("net", libc::CLONE_NEWNET),
        ("ipc", libc::CLONE_NEWIPC),
        ("uts", libc::CLONE_NEWUTS),
        ("cgroup", libc::CLONE_NEWCGROUP),
        ("time", 0x80),
    ] {
        refused(attempts, &format!("unshare {name}"), libc::SYS_unshare, [flag as usize, 0, 0, 0, 0, 0]);
        if flag != 0x80 {
            let flags = (flag | libc::SIGCHLD) as usize;
            match error_of(libc::SYS_clone, [flags, NULL, NULL, NULL, NULL, 0]) {
                Some(error) => attempts.hole(&format!("clone {name}: {error}"), error != libc::EPERM),
                // SAFETY: a child that must not exist ends at once; the parent does not come here with an error.
                None => unsafe {
                    if libc::getpid() != libc::getppid() {
                        attempts.hole(&format!("clone {name}"), true);
                        libc::_exit(0)
                    }
                },
            }
        }
    }
    attempts.hole("clone3 is not ENOSYS", error_of(libc::SYS_clone3, [NULL, 88, 0, 0, 0, 0]) != Some(libc::ENOSYS));
    refused(attempts, "setns", libc::SYS_setns, [0, 0, 0, 0, 0, 0]);
    let (empty, tmpfs, place) = (c"none".as_ptr() as usize, c"tmpfs".as_ptr() as usize, c"/tmp".as_ptr() as usize);
    refused(attempts, "mount", libc::SYS_mount, [empty, place, tmpfs, 0, NULL, 0]);
    refused(attempts, "umount", libc::SYS_umount2, [place, libc::MNT_DETACH as usize, 0, 0, 0, 0]);
    refused(attempts, "pivot_root", libc::SYS_pivot_root, [place, place, 0, 0, 0, 0]);
    refused(attempts, "chroot", libc::SYS_chroot, [place, 0, 0, 0, 0, 0]);
    refused(attempts, "fsopen", libc::SYS_fsopen, [tmpfs, 0, 0, 0, 0, 0]);
    refused(attempts, "open_tree", libc::SYS_open_tree, [libc::AT_FDCWD as usize, place, 1, 0, 0, 0]);
    refused(attempts, "move_mount", libc::SYS_move_mount, [0, place, 0, place, 0, 0]);
    refused(attempts, "mount_setattr", libc::SYS_mount_setattr, [0, place, 0, NULL, 0, 0]);
}

fn kernel(attempts: &mut Attempts) {
    let text = c"x".as_ptr() as usize;
    for (name, call, arguments) in [
        ("bpf", libc::SYS_bpf, [0, NULL, 0, 0, 0, 0]),
        ("perf_event_open", libc::SYS_perf_event_open, [NULL, 0, 0, 0, 0, 0]),
        ("io_uring_setup", libc::SYS_io_uring_setup, [1, NULL, 0, 0, 0, 0]),
        ("io_uring_enter", libc::SYS_io_uring_enter, [0, 0, 0, 0, 0, 0]),
        ("io_uring_register", libc::SYS_io_uring_register, [0, 0, 0, 0, 0, 0]),
        ("userfaultfd", libc::SYS_userfaultfd, [1, 0, 0, 0, 0, 0]),
        ("keyctl", libc::SYS_keyctl, [0, 0, 0, 0, 0, 0]),
        ("add_key", libc::SYS_add_key, [text, text, NULL, 0, 0, 0]),
        ("request_key", libc::SYS_request_key, [text, text, NULL, 0, 0, 0]),
        ("init_module", libc::SYS_init_module, [NULL, 0, text, 0, 0, 0]),
        ("finit_module", libc::SYS_finit_module, [0, text, 0, 0, 0, 0]),
        ("delete_module", libc::SYS_delete_module, [text, 0, 0, 0, 0, 0]),
        ("kexec_load", libc::SYS_kexec_load, [0, 0, NULL, 0, 0, 0]),
        ("reboot", libc::SYS_reboot, [0, 0, 0, 0, 0, 0]),
        ("syslog", libc::SYS_syslog, [3, NULL, 0, 0, 0, 0]),
        ("swapon", libc::SYS_swapon, [text, 0, 0, 0, 0, 0]),
        ("acct", libc::SYS_acct, [NULL, 0, 0, 0, 0, 0]),
        ("settimeofday", libc::SYS_settimeofday, [NULL, NULL, 0, 0, 0, 0]),
        ("sethostname", libc::SYS_sethostname, [text, 1, 0, 0, 0, 0]),
        ("quotactl", libc::SYS_quotactl, [0, NULL, 0, NULL, 0, 0]),
        ("fanotify_init", libc::SYS_fanotify_init, [0, 0, 0, 0, 0, 0]),
        ("open_by_handle_at", libc::SYS_open_by_handle_at, [0, NULL, 0, 0, 0, 0]),
        ("name_to_handle_at", libc::SYS_name_to_handle_at, [0, NULL, NULL, NULL, 0, 0]),
        ("personality", libc::SYS_personality, [0x0040_0000, 0, 0, 0, 0, 0]),
        ("memfd_secret", libc::SYS_memfd_secret, [0, 0, 0, 0, 0, 0]),
        ("vmsplice", libc::SYS_vmsplice, [0, NULL, 0, 0, 0, 0]),
        ("a call that does not exist", 4000, [0; 6]),
    ] {
        refused(attempts, name, call, arguments);
    }
    #[cfg(target_arch = "x86_64")]
    for (name, call) in [
        ("iopl", libc::SYS_iopl),
        ("ioperm", libc::SYS_ioperm),
        ("modify_ldt", libc::SYS_modify_ldt),
        ("x32 getpid", 0x4000_0000 | libc::SYS_getpid),
    ] {
        refused(attempts, name, call, [3, 0, 0, 0, 0, 0]);
    }
}

fn others(attempts: &mut Attempts) {
    const ATTACH: usize = libc::PTRACE_ATTACH as usize;
    const SEIZE: usize = libc::PTRACE_SEIZE as usize;
    for pid in [1, 2] {
        refused(attempts, &format!("ptrace {pid}"), libc::SYS_ptrace, [ATTACH, pid, 0, 0, 0, 0]);
        refused(attempts, &format!("seize {pid}"), libc::SYS_ptrace, [SEIZE, pid, 0, 0, 0, 0]);
        refused(attempts, &format!("memory of {pid}"), libc::SYS_process_vm_readv, [pid, NULL, 0, NULL, 0, 0]);
        refused(attempts, &format!("writing memory of {pid}"), libc::SYS_process_vm_writev, [pid, NULL, 0, NULL, 0, 0]);
    }
    refused(attempts, "pidfd_getfd", libc::SYS_pidfd_getfd, [0, 0, 0, 0, 0, 0]);
    refused(attempts, "kcmp", libc::SYS_kcmp, [1, 1, 0, 0, 0, 0]);
    // Process 1 takes no signal from inside; had it one, the rest would not be told.
    let _ = error_of(libc::SYS_kill, [1, libc::SIGKILL as usize, 0, 0, 0, 0]);
    attempts.hole("becoming root", error_of(libc::SYS_setuid, [0, 0, 0, 0, 0, 0]).is_none());
    attempts.hole("becoming another", error_of(libc::SYS_setresuid, [1001, 1001, 1001, 0, 0, 0]).is_none());
    attempts.hole("another group", error_of(libc::SYS_setgroups, [0, NULL, 0, 0, 0, 0]).is_none());
}

fn sockets(attempts: &mut Attempts) {
    let kind = |base: i32| base as usize;
    for (name, family) in [
        ("vsock", libc::AF_VSOCK),
        ("packet", libc::AF_PACKET),
        ("alg", libc::AF_ALG),
        ("bluetooth", libc::AF_BLUETOOTH),
        ("key", libc::AF_KEY),
        ("xdp", 44),
        ("tipc", libc::AF_TIPC),
        ("can", libc::AF_CAN),
        ("rds", 21),
        ("smc", 43),
        ("qipcrtr", 42),
        ("unspec", 0),
    ] {
        for base in [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_SEQPACKET] {
            refused(attempts, &format!("socket {name}"), libc::SYS_socket, [family as usize, kind(base), 0, 0, 0, 0]);
        }
    }
    for family in [libc::AF_INET, libc::AF_INET6] {
        for flags in [0, libc::SOCK_CLOEXEC, libc::SOCK_NONBLOCK] {
            refused(attempts, "raw socket", libc::SYS_socket, [family as usize, kind(libc::SOCK_RAW | flags), 255, 0, 0, 0]);
        }
    }
    for protocol in [
        libc::NETLINK_AUDIT,
        libc::NETLINK_NETFILTER,
        libc::NETLINK_GENERIC,
        libc::NETLINK_KOBJECT_UEVENT,
        libc::NETLINK_SOCK_DIAG,
    ] {
        refused(
            attempts,
            "netlink",
            libc::SYS_socket,
            [libc::AF_NETLINK as usize, kind(libc::SOCK_RAW), protocol as usize, 0, 0, 0],
        );
    }
    for (name, family) in [("unix", libc::AF_UNIX), ("inet", libc::AF_INET), ("inet6", libc::AF_INET6)] {
        let error = error_of(libc::SYS_socket, [family as usize, kind(libc::SOCK_STREAM), 0, 0, 0, 0]);
        attempts
            .hole(&format!("{name} sockets do not work any more: {error:?}"), matches!(error, Some(libc::EPERM | libc::ENOSYS)));
    }
}

fn files(attempts: &mut Attempts) {
    fs::write("plain", "x").unwrap();
    let (plain, fresh, here) = (c"plain".as_ptr() as usize, c"fresh".as_ptr() as usize, libc::AT_FDCWD as usize);
    let create = (libc::O_CREAT | libc::O_WRONLY) as usize;
    let unnamed = (libc::O_TMPFILE | libc::O_WRONLY) as usize;
    for mode in [MODE_SUID, MODE_SGID, 0o6755] {
        refused(attempts, "fchmodat", libc::SYS_fchmodat, [here, plain, mode, 0, 0, 0]);
        refused(attempts, "fchmodat2", libc::SYS_fchmodat2, [here, plain, mode, 0, 0, 0]);
        refused(attempts, "openat", libc::SYS_openat, [here, fresh, create, mode, 0, 0]);
        refused(attempts, "openat of an unnamed file", libc::SYS_openat, [here, c".".as_ptr() as usize, unnamed, mode, 0, 0]);
        refused(attempts, "mknodat", libc::SYS_mknodat, [here, fresh, libc::S_IFREG as usize | mode, 0, 0, 0]);
        #[cfg(target_arch = "x86_64")]
        for (name, call, arguments) in [
            ("chmod", libc::SYS_chmod, [plain, mode, 0, 0, 0, 0]),
            ("open", libc::SYS_open, [fresh, create, mode, 0, 0, 0]),
            ("creat", libc::SYS_creat, [fresh, mode, 0, 0, 0, 0]),
            ("mknod", libc::SYS_mknod, [fresh, libc::S_IFREG as usize | mode, 0, 0, 0, 0]),
        ] {
            refused(attempts, name, call, arguments);
        }
        let how: [u64; 3] = [create as u64, mode as u64, 0];
        refused(attempts, "openat2", libc::SYS_openat2, [here, fresh, how.as_ptr() as usize, 24, 0, 0]);
    }
    for kind in [libc::S_IFCHR, libc::S_IFBLK] {
        refused(attempts, "a device", libc::SYS_mknodat, [here, fresh, kind as usize | 0o666, 0x103, 0, 0]);
    }
    fs::set_permissions("plain", fs::Permissions::from_mode(0o755)).unwrap();
    attempts.hole("giving a file away", std::os::unix::fs::chown("plain", Some(0), None).is_ok());
    let program =
        std::process::Command::new("/usr/bin/su").arg0("su").args(["-c", "id"]).stdin(std::process::Stdio::null()).output();
    attempts.hole("a set-user-id program", program.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("uid=0")));
}

fn terminal(attempts: &mut Attempts) {
    let byte = b"x".as_ptr() as usize;
    for (name, request) in [
        ("TIOCSTI", libc::TIOCSTI as usize),
        ("TIOCLINUX", libc::TIOCLINUX as usize),
        ("TIOCSTI with more bits", (1 << 32) | libc::TIOCSTI as usize),
    ] {
        refused(attempts, name, libc::SYS_ioctl, [0, request, byte, 0, 0, 0]);
    }
}

fn limits(attempts: &mut Attempts) {
    let limit = |resource| rustix::process::getrlimit(resource).maximum;
    attempts.hole("core files", limit(rustix::process::Resource::Core) != Some(0));
    attempts.hole("endless files", limit(rustix::process::Resource::Fsize).is_none());
    attempts.hole("endless processes", limit(rustix::process::Resource::Nproc).is_none());
}
