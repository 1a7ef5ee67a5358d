//! Nothing gets out: a hostile program is run inside, as root's sandboxes have it and as an ordinary user's.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;
mod probe;

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use common::*;
use holt_core::sandbox::Sandboxes as _;
use holt_core::session::WorkspaceSpec;
use probe::Outside;

/// The variable by which the probe knows that it is inside, and what it is to look for.
const PROBE: &str = "PROBE_OUTSIDE";
/// So many attempts at least: a probe that does not run finds nothing either.
const ATTEMPTS: usize = 250;

/// What the probe runs, inside.
#[test]
fn inside() {
    if let Ok(outside) = std::env::var(PROBE) {
        probe::probe(&outside.replace("\\n", "\n"));
    }
}

/// Something of everything that must not be reached.
struct Bait {
    listeners: Vec<TcpListener>,
    _abstract: UnixListener,
    outside: Outside,
}

fn bait(den: &Den, other: &str) -> Bait {
    let any = TcpListener::bind("0.0.0.0:0").unwrap();
    let local = TcpListener::bind("127.0.0.1:0").unwrap();
    let name = format!("holt-probe-{}", std::process::id());
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let port = any.local_addr().unwrap().port();
    let mut addresses = vec![local.local_addr().unwrap().to_string(), format!("127.0.0.1:{port}")];
    let output = std::process::Command::new("hostname").arg("-I").output();
    let own = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    addresses.extend(own.split_whitespace().filter(|address| !address.contains(':')).map(|address| format!("{address}:{port}")));
    let data = den.options.data_dir.display();
    let socket = std::fs::read_dir(den.path("run")).unwrap().next().unwrap().unwrap().path();
    let paths = vec![
        data.to_string(),
        format!("{data}/sessions"),
        format!("{data}/sessions/{other}/workspace"),
        format!("{data}/keepers"),
        socket.display().to_string(),
        den.data.path().display().to_string(),
        std::env::current_exe().unwrap().display().to_string(),
    ];
    let outside = Outside { paths, addresses, abstract_socket: name, variable: "HOLT_KEEPER".into() };
    Bait { listeners: vec![any, local], _abstract: listener, outside }
}

async fn probe_in(den: &Den, session: holt_core::id::SessionId, workspace: &std::path::Path, bait: &Bait) {
    let executable = workspace.join("probe");
    std::fs::copy(std::env::current_exe().unwrap(), &executable).unwrap();
    let outside = bait.outside.write().replace('\n', "\\n");
    let outcome = den.run(session, &format!("{PROBE}='{outside}' ./probe inside --exact --nocapture; rm -f probe")).await;
    let text = text(&outcome);
    assert!(!text.contains("HOLE"), "{text}");
    let tried =
        text.lines().find_map(|line| line.strip_prefix("TRIED ")).unwrap_or_else(|| panic!("the probe did not end: {text}"));
    assert!(tried.parse::<usize>().unwrap() >= ATTEMPTS, "{tried}");
    for listener in &bait.listeners {
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "somebody connected");
    }
    assert!(text.contains("Exit code: 0"), "{text}");
}

both! {
    async fn a_hostile_program_finds_no_way_out_of_a_managed_workspace() {
        let den = Den::new();
        let (session, other) = (den.open().await, den.open().await);
        let bait = bait(&den, &other.to_string());
        probe_in(&den, session, &den.path(&format!("sessions/{session}/workspace")), &bait).await;
        let measured = den.driver.measure(session).await.unwrap();
        assert!(measured.processes >= 1, "process 1 is still there");
        den.driver.close(session).await.unwrap();
        den.driver.close(other).await.unwrap();
    }
}

both! {
    async fn nor_out_of_a_directory_of_the_user_s() {
        let den = Den::new();
        let project = project();
        let path = project.path().canonicalize().unwrap();
        std::fs::create_dir_all(path.join(".git/hooks")).unwrap();
        let socket = path.join("agent.sock");
        let _listener = UnixListener::bind(&socket).unwrap();
        let workspace = WorkspaceSpec::Directory { path: path.display().to_string() };
        let (session, _) = den.open_with(|spec| spec.workspace = workspace).await;
        let other = den.open().await;
        let mut bait = bait(&den, &other.to_string());
        bait.outside.paths.push(socket.display().to_string());
        probe_in(&den, session, &path, &bait).await;
        let left: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| ["plain", ".git", "agent.sock"].iter().any(|known| name == *known)), "{left:?}");
        den.driver.close(session).await.unwrap();
        den.driver.close(other).await.unwrap();
    }
}
