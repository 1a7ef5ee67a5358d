//! The server that is measured: the real program, as a process, on a data directory of its own and a free port.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use holt_client::{Client, Remote};
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::Bench;
use crate::http;
use crate::process::{self, Memory};

const KEY: &str = "a-key-for-measuring-only";
/// How long a server may take to come and to go.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_micros(200);

/// A running server. Dropped, it is ended with its sandboxes.
#[derive(Debug)]
pub struct Holt {
    process: Child,
    pub data: PathBuf,
    pub address: SocketAddr,
    pub client: Client,
    /// From the start of the program to its first good answer.
    pub came_up_in: Duration,
}

/// How it is started.
#[derive(Debug)]
pub struct Start<'a> {
    pub data: PathBuf,
    /// Where the model is; without one there is the demo.
    pub model: Option<&'a str>,
    pub prepared: usize,
}

impl Holt {
    pub fn start(bench: &Bench, start: &Start<'_>) -> Result<Self> {
        let address = free_address()?;
        let log = start.data.with_extension("log");
        let mut command = Command::new(&bench.program);
        command
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(&start.data)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"))
            .env("MANAGEMENT_API_KEY", KEY)
            .env("HOLT_PREPARED_SANDBOXES", start.prepared.to_string())
            .env("HOLT_TITLES", "off")
            .current_dir(bench.root())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        if let Some(model) = start.model {
            command.env("ANTHROPIC_API_KEY", "test").env("ANTHROPIC_BASE_URL", model);
        }
        let begin = Instant::now();
        let mut process = command.spawn().with_context(|| format!("{} does not start", bench.program.display()))?;
        let came_up_in = match until_healthy(&mut process, address, begin) {
            Ok(time) => time,
            Err(error) => {
                end(&mut process);
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(error.context(format!("the server said:\n{said}")));
            }
        };
        let remote = Remote { url: format!("http://{address}"), key: Some(KEY.to_owned()), authority: None };
        Ok(Self { process, data: start.data.clone(), address, client: Client::remote(&remote)?, came_up_in })
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn memory(&self) -> Memory {
        process::memory(self.pid())
    }

    /// What a request on a raw socket needs to be let in.
    pub fn authorization(&self) -> String {
        format!("authorization: Bearer {KEY}\r\nhost: {}\r\n", self.address)
    }

    /// The keeper's executable that this server wrote out.
    pub fn keeper(&self) -> Result<PathBuf> {
        let found = fs::read_dir(self.data.join("bin"))?.filter_map(|entry| Some(entry.ok()?.path())).find(|path| path.is_file());
        found.context("the server has written out no keeper")
    }

    /// Ends it with its sandboxes and waits for that.
    pub fn stop(mut self) -> Result<()> {
        let status = end(&mut self.process).context("the server did not end in time")?;
        // A server that is interrupted says so, one way or the other.
        if !status.success() && status.code() != Some(130) {
            bail!("the server ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Holt {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            end(&mut self.process);
        }
    }
}

/// A port that nobody listens on now.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn until_healthy(process: &mut Child, address: SocketAddr, begin: Instant) -> Result<Duration> {
    while begin.elapsed() < PATIENCE {
        if http::get(address, "/health").is_ok_and(|status| status == 200) {
            return Ok(begin.elapsed());
        }
        if let Some(status) = process.try_wait()? {
            bail!("the server ended at once with {status}");
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    bail!("the server does not answer at {address}")
}

/// Interrupts a server and waits; kills it when it does not heed.
fn end(process: &mut Child) -> Option<std::process::ExitStatus> {
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw)?;
    let _ = kill_process(pid, Signal::INT);
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        match process.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    let _ = process.kill();
    let _ = process.wait();
    None
}

/// Whether a sandbox that no session has yet is on record.
pub fn has_prepared(data: &Path) -> bool {
    let names = fs::read_dir(data.join("sessions")).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.into_iter().any(|name| name.to_string_lossy().starts_with("prepared-"))
}
