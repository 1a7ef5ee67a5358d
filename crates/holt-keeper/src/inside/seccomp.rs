//! Which system calls a group of processes may make.
//!
//! Two filters: one answers `ENOSYS` to calls that this list does not know (newer than it, of another calling convention) and
//! to those whose arguments a filter cannot see, so that programs use what came before them; the other answers `EPERM` to
//! calls and arguments that open the kernel, other processes or the host, or make set-user-id files.

use std::collections::BTreeMap;

use libc::{
    AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, EPERM, O_CREAT, O_TMPFILE, PR_SET_MM, S_IFBLK, S_IFCHR, S_IFMT, S_ISGID, S_ISUID,
    SOCK_RAW, c_long,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpOp as Op, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, sock_filter,
};

use crate::protocol::message::Group;

/// How much a group may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Default,
    /// As the default, with the namespaces that Chromium's own sandbox needs.
    Browser,
}

impl Profile {
    pub fn of(group: Group) -> Self {
        match group {
            Group::Browser => Self::Browser,
            Group::Commands | Group::Agent | Group::Desktop | Group::Terminals => Self::Default,
        }
    }
}

/// `mseal`, the newest call that this list has judged. What comes after it is answered with `ENOSYS`.
const NEWEST: u32 = 462;
/// The bits of `clone` and `unshare` that make namespaces.
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];
const CLONE_NEWTIME: i32 = 0x80;
const TIOCSETD: u64 = 0x5423;
/// Terminal requests that put words into another's mouth, or load line disciplines.
const TERMINAL_REQUESTS: [u64; 3] = [libc::TIOCSTI, libc::TIOCLINUX, TIOCSETD];
const PERSONALITY_QUERY: u64 = 0xffff_ffff;
const SOCKET_TYPE_MASK: u64 = 0xf;
const NETLINK_ROUTE: u64 = 0;
/// Options by which packet filters are written, which whoever may make a user namespace could: tables of IPv4, of ARP, of
/// bridges, and of IPv6.
const TABLES: [(u64, u64); 8] = [(0, 64), (0, 65), (0, 96), (0, 97), (0, 128), (0, 129), (41, 64), (41, 65)];
/// An old way to raw packets.
const SOCK_PACKET: u64 = 10;

/// Compiled filters, in the order in which they are put on.
#[derive(Debug, Clone)]
pub struct Filters {
    refused: BpfProgram,
    unknown: BpfProgram,
}

impl Filters {
    pub fn compile(profile: Profile) -> Result<Self, seccompiler::BackendError> {
        let arch = TargetArch::try_from(std::env::consts::ARCH)?;
        let filter = SeccompFilter::new(rules(profile)?, SeccompAction::Allow, SeccompAction::Errno(EPERM as u32), arch)?;
        Ok(Self { refused: filter.try_into()?, unknown: unknown() })
    }

    /// Puts the filters on the calling thread and all that it will start. There is no way back.
    pub fn apply(&self) -> Result<(), seccompiler::Error> {
        seccompiler::apply_filter(&self.refused)?;
        seccompiler::apply_filter(&self.unknown)
    }
}

/// `clone3` and `openat2` keep their flags in memory, where a filter cannot look.
fn unknown() -> BpfProgram {
    let statement = |code: u32, k: u32| sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let jump = |test: u32, k: u32, to_refusal: u8| sock_filter {
        code: (libc::BPF_JMP | test | libc::BPF_K) as u16,
        jt: to_refusal,
        jf: 0,
        k,
    };
    vec![
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        jump(libc::BPF_JGT, NEWEST, 3),
        jump(libc::BPF_JEQ, libc::SYS_clone3 as u32, 2),
        jump(libc::BPF_JEQ, libc::SYS_openat2 as u32, 1),
        statement(libc::BPF_RET, libc::SECCOMP_RET_ALLOW),
        statement(libc::BPF_RET, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
    ]
}

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

fn rules(profile: Profile) -> Result<Rules, seccompiler::BackendError> {
    let mut rules = Rules::new();
    rules.extend(ALWAYS_REFUSED.iter().map(|call| (*call, Vec::new())));
    if profile == Profile::Default {
        refuse_namespaces(&mut rules)?;
    }
    refuse_special_files(&mut rules)?;
    refuse_sockets(&mut rules)?;
    for request in TERMINAL_REQUESTS {
        refuse(&mut rules, libc::SYS_ioctl, &[(1, Op::Eq, request)])?;
    }
    refuse(&mut rules, libc::SYS_prctl, &[(0, Op::Eq, PR_SET_MM as u64)])?;
    refuse(&mut rules, libc::SYS_personality, &[(0, Op::Ne, 0), (0, Op::Ne, PERSONALITY_QUERY)])?;
    Ok(rules)
}

/// Adds a rule: the call is refused when all of these hold of its arguments.
fn refuse(rules: &mut Rules, call: c_long, all: &[(u8, Op, u64)]) -> Result<(), seccompiler::BackendError> {
    let conditions = all.iter().map(|(argument, op, value)| SeccompCondition::new(*argument, Dword, op.clone(), *value));
    let rule = SeccompRule::new(conditions.collect::<Result<_, _>>()?)?;
    rules.entry(call).or_default().push(rule);
    Ok(())
}

fn has(bits: u64) -> Op {
    Op::MaskedEq(bits)
}

fn refuse_namespaces(rules: &mut Rules) -> Result<(), seccompiler::BackendError> {
    for flag in NAMESPACES.map(|flag| u64::from(flag as u32)) {
        refuse(rules, libc::SYS_clone, &[(0, has(flag), flag)])?;
        refuse(rules, libc::SYS_unshare, &[(0, has(flag), flag)])?;
    }
    let time = CLONE_NEWTIME as u64;
    refuse(rules, libc::SYS_unshare, &[(0, has(time), time)])
}

/// Devices, and files that run as somebody else: by their mode, however they come to be.
fn refuse_special_files(rules: &mut Rules) -> Result<(), seccompiler::BackendError> {
    for bit in [S_ISUID, S_ISGID].map(u64::from) {
        for (call, mode) in [
            (libc::SYS_fchmod, 1),
            (libc::SYS_fchmodat, 2),
            (libc::SYS_fchmodat2, 2),
            (libc::SYS_mknodat, 2),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_chmod, 1),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_creat, 1),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_mknod, 1),
        ] {
            refuse(rules, call, &[(mode, has(bit), bit)])?;
        }
        for creating in [O_CREAT as u64, (O_TMPFILE & !libc::O_DIRECTORY) as u64] {
            refuse(rules, libc::SYS_openat, &[(2, has(creating), creating), (3, has(bit), bit)])?;
            #[cfg(target_arch = "x86_64")]
            refuse(rules, libc::SYS_open, &[(1, has(creating), creating), (2, has(bit), bit)])?;
        }
    }
    for kind in [S_IFCHR, S_IFBLK].map(u64::from) {
        refuse(rules, libc::SYS_mknodat, &[(2, has(u64::from(S_IFMT)), kind)])?;
        #[cfg(target_arch = "x86_64")]
        refuse(rules, libc::SYS_mknod, &[(1, has(u64::from(S_IFMT)), kind)])?;
    }
    Ok(())
}

/// Local, IPv4, IPv6 and the routing kind of netlink remain; none of them raw.
fn refuse_sockets(rules: &mut Rules) -> Result<(), seccompiler::BackendError> {
    let families = [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK].map(|family| family as u64);
    let others: Vec<_> = families.iter().map(|family| (0, Op::Ne, *family)).collect();
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        refuse(rules, call, &others)?;
    }
    for family in [AF_INET, AF_INET6].map(|family| family as u64) {
        refuse(rules, libc::SYS_socket, &[(0, Op::Eq, family), (1, has(SOCKET_TYPE_MASK), SOCK_RAW as u64)])?;
    }
    refuse(rules, libc::SYS_socket, &[(1, has(SOCKET_TYPE_MASK), SOCK_PACKET)])?;
    refuse(rules, libc::SYS_socket, &[(0, Op::Eq, AF_NETLINK as u64), (2, Op::Ne, NETLINK_ROUTE)])?;
    for (level, option) in TABLES {
        refuse(rules, libc::SYS_setsockopt, &[(1, Op::Eq, level), (2, Op::Eq, option)])?;
    }
    Ok(())
}

/// Calls that no group needs.
const ALWAYS_REFUSED: &[c_long] = &[
    // Mounts and roots.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    // Other processes and namespaces.
    libc::SYS_setns,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Ways around paths.
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    // Parts of the kernel with a long history.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_memfd_secret,
    libc::SYS_vmsplice,
    // The machine itself.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ustat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_sysfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
];
