//! A home of its own for each test, with the real program in it; at the end nothing of it may be left running.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Nothing here takes this long; whoever waits longer waits for ever.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Home {
    directory: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    pub fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("holt-cli-").tempdir().unwrap();
        fs::create_dir(directory.path().join("project")).unwrap();
        Self { directory, variables: Vec::new() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    /// An empty directory to work in.
    pub fn project(&self) -> PathBuf {
        self.path().join("project")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holt"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path())
            .env("HOLT_DATA_DIR", self.data_dir())
            // A scripted model is asked for nothing but what its test expects.
            .env("HOLT_TITLES", "off")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.project())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn holt(&self, arguments: &[&str]) -> Done {
        Done(self.command(arguments).output().unwrap())
    }

    pub fn serve(&self) -> Server {
        Server::start(self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    /// Command lines of processes that belong to this home.
    pub fn processes(&self) -> Vec<String> {
        let here = self.path().to_string_lossy().into_owned();
        let entries = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        let lines = entries.filter_map(|path| {
            let line = String::from_utf8_lossy(&fs::read(path.join("cmdline")).ok()?).replace('\0', " ");
            let exe = fs::read_link(path.join("exe")).map(|exe| exe.to_string_lossy().into_owned()).unwrap_or_default();
            (line.contains(&here) || exe.starts_with(&here)).then(|| format!("{}: {line}", path.display()))
        });
        lines.collect()
    }

    pub fn keepers(&self) -> usize {
        self.processes().iter().filter(|line| line.contains("holt-keeper")).count()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = self.command(&["stop", "server"]).output();
        if !std::thread::panicking() {
            wait_until("nothing of this home runs", || self.processes().is_empty());
        }
    }
}

/// Waits for a state that no event tells of.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "still waiting: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A command that has ended.
pub struct Done(pub Output);

impl Done {
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// Its output, when it ended well.
    #[track_caller]
    pub fn good(&self) -> String {
        assert_eq!(self.code(), 0, "stdout: {}\nstderr: {}", self.out(), self.err());
        self.out()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.good()).unwrap()
    }

    /// Ended with this code and said each of these.
    #[track_caller]
    pub fn failed(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code(), code, "stdout: {}\nstderr: {}", self.out(), self.err());
        for words in said {
            assert!(self.err().contains(words), "`{words}` is not in: {}", self.err());
        }
    }
}

/// A server that runs in the foreground.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts it and waits until it says where it listens.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let address = loop {
            let mut line = String::new();
            let read = lines.read_line(&mut line).unwrap();
            assert!(read > 0, "the server ended: {}", log.lock().unwrap());
            log.lock().unwrap().push_str(&line);
            let record: Value = serde_json::from_str(&line).unwrap_or_default();
            if record["message"] == "listening" {
                break record["addresses"].as_str().unwrap().parse().unwrap();
            }
        };
        let collected = log.clone();
        let reader = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                collected.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self { child, address, log, reader: Some(reader) }
    }

    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid()).unwrap(), signal).unwrap();
    }

    /// Sends a signal and waits for the end. Returns the exit code, if it was not a signal.
    pub fn end(&mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        let status = self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status.code()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The answer to a plain request over TCP.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.end(Signal::INT);
        }
    }
}
