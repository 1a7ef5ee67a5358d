//! A workspace for a test, and something beside it that nobody must reach.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use holt_core::id::SessionId;
use holt_core::session::WorkspaceSpec;
use holt_core::workspace::{FileError, Files, Workspaces as _};
use holt_sandbox::workspace::SessionWorkspaces;
use tempfile::TempDir;
use uuid::Uuid;

pub const SECRET: &str = "nobody may read this";

pub struct Yard {
    data: TempDir,
    pub files: Box<dyn Files>,
}

impl Yard {
    /// With the directory made, as by a sandbox.
    pub fn new() -> Self {
        let yard = Self::unmade();
        std::fs::create_dir_all(yard.path("")).unwrap();
        yard
    }

    /// Of a session that has never worked.
    pub fn unmade() -> Self {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("outside")).unwrap();
        std::fs::write(data.path().join("outside/secret"), SECRET).unwrap();
        let files = SessionWorkspaces::new(data.path()).files(session(), &WorkspaceSpec::Managed).unwrap();
        Self { data, files }
    }

    /// Where something of the workspace is on the disk.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.data.path().join("sessions").join(session().to_string()).join("workspace").join(inside)
    }

    pub fn outside(&self) -> PathBuf {
        self.data.path().join("outside")
    }

    pub fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, inside: &str) -> Result<String, FileError> {
        let mut text = String::new();
        self.files.open(inside)?.file.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    pub fn receive(&self, inside: &str, text: &str) -> Result<u64, FileError> {
        let mut incoming = self.files.receive(inside, 1 << 20)?;
        incoming.write_all(text.as_bytes()).unwrap();
        incoming.commit()
    }

    /// Nothing beside the workspace was touched.
    pub fn assert_outside_untouched(&self) {
        assert_eq!(names(&self.outside()), ["secret"]);
        assert_eq!(std::fs::read_to_string(self.outside().join("secret")).unwrap(), SECRET);
    }
}

pub fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn session() -> SessionId {
    SessionId::new(Uuid::from_u128(1))
}
