//! Peers that are programs of their own.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

/// A sandbox with everything unshared and nothing in it.
pub fn bubblewrap() -> Result<Duration> {
    timed(Command::new("bwrap").args(["--unshare-all", "--ro-bind", "/", "/", "true"]))
}

/// A shell on the host.
pub fn shell() -> Result<Duration> {
    timed(Command::new("sh").args(["-c", "true"]))
}

fn timed(command: &mut Command) -> Result<Duration> {
    let begin = Instant::now();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{command:?}"))?;
    let time = begin.elapsed();
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(time)
}

/// An image that containers can be made of, where Docker answers and has one.
pub fn docker_image() -> Option<String> {
    let listed = Command::new("docker").args(["images", "--quiet"]).stderr(Stdio::null()).output().ok()?;
    let image = String::from_utf8(listed.stdout).ok()?.lines().next()?.to_owned();
    docker(&image).is_ok().then_some(image)
}

/// From asking for a container to the first output of a command in it.
pub fn docker(image: &str) -> Result<Duration> {
    let begin = Instant::now();
    let mut child = Command::new("docker")
        .args(["run", "--rm", "--network", "none", image, "echo", "x"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut output = child.stdout.take().context("docker's output")?;
    let first = output.read(&mut [0; 1])?;
    let time = begin.elapsed();
    ensure!(child.wait()?.success() && first == 1, "docker could not run {image}");
    Ok(time)
}
