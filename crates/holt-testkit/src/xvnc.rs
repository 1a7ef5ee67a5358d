//! A real X server with VNC, of a test's own: no port, ended with the test.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test without its screen has failed")]

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A running X server, ended when dropped.
#[derive(Debug)]
pub struct Xvnc {
    /// Where programs find it, such as `:7`.
    pub display: String,
    /// Where its viewers come to.
    pub socket: PathBuf,
    process: Child,
    /// Of the socket, where it has none of somebody else's.
    directory: Option<TempDir>,
}

impl Xvnc {
    /// One of this size, which serves when this returns.
    pub fn start(geometry: &str) -> Self {
        let directory = crate::temp_dir();
        let mut started = Self::at(&directory.path().join("rfb"), geometry);
        started.directory = Some(directory);
        started
    }

    /// The same, with its viewers' socket at this place.
    pub fn at(socket: &Path, geometry: &str) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new("Xtigervnc");
        command.args(["-rfbport", "-1", "-nolisten", "tcp", "-SecurityTypes", "None", "-AlwaysShared", "-AcceptSetDesktopSize"]);
        command.args(["-geometry", geometry, "-depth", "24", "-displayfd", "1", "-rfbunixpath"]).arg(socket);
        command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null()).process_group(0);
        let process = command.spawn().expect("Xtigervnc is needed: install tigervnc-standalone-server");
        // With it the last other end of the pipe goes, should the server not come up.
        drop(command);
        let mut number = String::new();
        BufReader::new(reader).read_line(&mut number).unwrap();
        assert!(!number.is_empty(), "the X server did not come up");
        Self { display: format!(":{}", number.trim()), socket: socket.to_owned(), process, directory: None }
    }

    /// Ends it now.
    pub fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Xvnc {
    fn drop(&mut self) {
        self.end();
    }
}
