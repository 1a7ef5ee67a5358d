//! Files, sockets, processes and everything else that has a name.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::{Attempts, Outside};

pub fn try_all(attempts: &mut Attempts, outside: &Outside) {
    rights(attempts);
    files(attempts, outside);
    writing(attempts);
    devices(attempts);
    processes(attempts);
    environment(attempts, outside);
    network(attempts, outside);
    sockets(attempts, outside);
}

fn rights(attempts: &mut Attempts) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("missing").trim().to_owned();
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        attempts.hole(&format!("{set} {}", field(set)), !field(set).trim_matches('0').is_empty());
    }
    attempts.hole("new privileges are possible", field("NoNewPrivs:") != "1");
    attempts.hole("no filter of system calls", field("Seccomp:") != "2");
    attempts.hole(
        "further groups",
        field("Groups:").split(' ').any(|group| !group.is_empty() && group != "1000" && group != "65534"),
    );
    attempts.hole("root inside", field("Uid:").split('\t').any(|uid| uid != "1000"));
}

fn files(attempts: &mut Attempts, outside: &Outside) {
    let named = [
        "/etc/shadow",
        "/etc/gshadow",
        "/etc/sudoers",
        "/etc/ssh",
        "/root",
        "/boot",
        "/var/lib",
        "/var/log",
        "/mnt",
        "/srv",
        "/sys/kernel",
        "/proc/kcore",
        "/lost+found",
    ];
    for path in named.iter().map(|path| (*path).to_owned()).chain(outside.paths.iter().cloned()) {
        attempts.hole(&format!("{path} is there"), fs::symlink_metadata(&path).is_ok_and(|_| fs::File::open(&path).is_ok()));
    }
    let homes: Vec<_> = fs::read_dir("/home").unwrap().map(|entry| entry.unwrap().file_name()).collect();
    attempts.hole(&format!("homes {homes:?}"), homes != ["agent"]);
    for process in ["1", "2", "self"] {
        let root = fs::read_dir(format!("/proc/{process}/root/"));
        let names: Vec<String> =
            root.into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        attempts.hole(
            &format!("another root by /proc/{process}"),
            names.iter().any(|name| ["root", "boot", "srv"].contains(&name.as_str())),
        );
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let cgroups = fs::read_to_string("/proc/self/cgroup").unwrap();
    attempts.hole(
        "mounts tell host paths of Holt's",
        outside.paths.iter().any(|path| path.contains("data") && cgroups.contains(path.as_str())),
    );
    attempts
        .hole("cgroups tell the host's tree", cgroups.lines().any(|line| line.contains("process_api") || line.contains("..")));
    let workspace = std::env::current_dir().unwrap().display().to_string();
    for line in mounts.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let (at, options) = (fields[4], fields[5]);
        let expected = at == workspace
            || at == format!("{workspace}/.git")
            || ["/dev/shm", "/tmp", "/run/user/1000", "/home/agent", "/workspace", "/downloads", "/proc", "/dev/pts"]
                .contains(&at)
            || at.starts_with("/dev/");
        attempts.hole(&format!("{at} may be written"), options.split(',').any(|option| option == "rw") && !expected);
        attempts.hole(&format!("{at} honours set-user-id"), !options.contains("nosuid"));
        attempts.hole(&format!("{at} has devices"), !options.contains("nodev") && !at.starts_with("/dev/"));
    }
}

fn writing(attempts: &mut Attempts) {
    for place in
        ["/", "/usr", "/usr/bin", "/etc", "/dev", "/home", "/run", "/run/holt", "/proc", "/proc/1", "/opt", "/var", "/run/user"]
    {
        attempts.hole(&format!("a file in {place}"), fs::File::create(Path::new(place).join("planted")).is_ok());
    }
    attempts.hole("another keeper's executable", fs::rename("/run/holt", "/run/moved").is_ok());
    attempts.hole("the keeper's executable", fs::File::options().write(true).open("/run/holt/holt-keeper").is_ok());
    for path in [
        "/proc/sys/kernel/hostname",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/vm/drop_caches",
        "/proc/sysrq-trigger",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/self/oom_adj/none",
        "/proc/1/oom_score_adj",
        "/proc/sys/user/max_user_namespaces",
    ] {
        let written = fs::File::options().write(true).open(path).and_then(|mut file| file.write_all(b"1"));
        attempts.hole(path, written.is_ok());
    }
}

fn devices(attempts: &mut Attempts) {
    const HARMLESS: [&str; 17] = [
        "console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
        "urandom", "zero", "log",
    ];
    for entry in fs::read_dir("/dev").unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        attempts.hole(&format!("/dev/{name}"), !HARMLESS.contains(&name.as_str()));
    }
    for name in ["mem", "kmem", "kmsg", "port", "kvm", "fuse", "vda", "sda", "net/tun", "vsock", "loop0", "uinput", "dri/card0"] {
        attempts.hole(&format!("/dev/{name}"), fs::File::open(Path::new("/dev").join(name)).is_ok());
    }
}

fn processes(attempts: &mut Attempts) {
    let pids: Vec<i32> =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok()).collect();
    attempts.hole(&format!("{} processes are seen", pids.len()), pids.len() > 12);
    for pid in [1, 2] {
        for file in ["mem", "environ", "maps", "fd/0", "syscall", "stack", "auxv", "io", "ns/user"] {
            attempts.hole(&format!("/proc/{pid}/{file}"), fs::File::open(format!("/proc/{pid}/{file}")).is_ok());
        }
        attempts.hole(&format!("descriptors of {pid}"), fs::read_dir(format!("/proc/{pid}/fd")).is_ok());
    }
    let fds: Vec<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?.display().to_string();
            let number: i32 = entry.file_name().to_str()?.parse().ok()?;
            (number > 2 && !target.starts_with("/proc/")).then(|| format!("{number} {target}"))
        })
        .collect();
    attempts.hole(&format!("inherited descriptors {fds:?}"), !fds.is_empty());
    attempts.hole("a terminal", fs::File::open("/dev/tty").is_ok());
}

fn environment(attempts: &mut Attempts, outside: &Outside) {
    attempts.hole("the host's environment", std::env::var_os(&outside.variable).is_some());
    const EXPECTED: [&str; 20] = [
        "XDG_RUNTIME_DIR",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "DISPLAY",
        "TERM",
        "TMPDIR",
        "PATH",
        "CARGO_HOME",
        "NPM_CONFIG_PREFIX",
        "PIP_USER",
        "PIP_BREAK_SYSTEM_PACKAGES",
        "PIP_DISABLE_PIP_VERSION_CHECK",
        "PWD",
        "SHLVL",
        "_",
        "OLDPWD",
        "RUST_TEST_THREADS",
    ];
    for (name, value) in std::env::vars() {
        let own = name.starts_with("HOLT_") || name.starts_with("PROBE_");
        let expected = EXPECTED.contains(&name.as_str()) || own || is_way_out(&name, &value);
        attempts.hole(&format!("the variable {name}={value}"), !expected);
    }
}

/// Where programs find the session's own ways out, and the token that is good for nothing else.
fn is_way_out(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    match name.as_str() {
        "NO_PROXY" | "NPM_CONFIG_NOPROXY" => value == "localhost,.localhost,127.0.0.1,::1",
        "CARGO_NET_GIT_FETCH_WITH_CLI" => value == "true",
        "NODE_USE_ENV_PROXY" => value == "1",
        "ANTHROPIC_API_KEY" | "GEMINI_API_KEY" | "OPENAI_API_KEY" => value.starts_with("holt-") && value.len() == 53,
        "ANTHROPIC_BASE_URL" | "GOOGLE_GEMINI_BASE_URL" | "OPENAI_API_BASE" | "OPENAI_BASE_URL" => {
            value.starts_with("http://127.0.0.1:3129/")
        }
        _ => name.ends_with("_PROXY") && value == "http://127.0.0.1:3128",
    }
}

fn network(attempts: &mut Attempts, outside: &Outside) {
    for address in outside.addresses.iter().flat_map(|address| address.to_socket_addrs().unwrap()) {
        attempts
            .hole(&format!("a connection to {address}"), TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok());
    }
    let public: SocketAddr = "1.1.1.1:53".parse().unwrap();
    let sent = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"x", public));
    attempts.hole("a datagram to the world", sent.is_ok());
    attempts.hole("a name is looked up", ("localhost.example.com", 80).to_socket_addrs().is_ok());
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    attempts.hole("a route", routes.lines().count() > 1);
    let interfaces = fs::read_to_string("/proc/net/dev").unwrap();
    let names: Vec<&str> = interfaces.lines().skip(2).filter_map(|line| line.split(':').next()).map(str::trim).collect();
    attempts.hole(&format!("interfaces {names:?}"), names.iter().any(|name| *name != "lo"));
}

fn sockets(attempts: &mut Attempts, outside: &Outside) {
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&outside.abstract_socket).unwrap();
    attempts.hole("an abstract socket of the host's", UnixStream::connect_addr(&address).is_ok());
    let known = [
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/run/containerd/containerd.sock",
        "/run/dbus/system_bus_socket",
        "/run/systemd/private",
        "/run/user/0/bus",
        "/run/user/1000/bus",
        "/tmp/.X11-unix/X0",
        "/run/udev/control",
    ];
    for path in known.iter().map(|path| (*path).to_owned()).chain(outside.paths.iter().cloned()) {
        attempts.hole(&format!("the socket {path}"), UnixStream::connect(&path).is_ok());
    }
}
