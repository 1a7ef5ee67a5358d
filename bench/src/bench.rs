//! What every figure is given: the program, a place to work, and how long to take.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::machine;

#[derive(Debug)]
pub struct Bench {
    pub program: PathBuf,
    /// What one flush takes on the disk that everything here is on.
    pub flush: Duration,
    quick: bool,
    root: TempDir,
    directories: AtomicUsize,
}

impl Bench {
    pub fn new(program: &Path, directory: Option<&Path>, quick: bool) -> Result<Self> {
        let found = program.canonicalize();
        let program = found.with_context(|| format!("there is no {}; `make build` builds it", program.display()))?;
        let parent = match directory {
            Some(directory) => directory.to_owned(),
            // A real disk, where `/tmp` may be memory.
            None => std::env::current_exe()?.parent().context("this program is in no directory")?.to_owned(),
        };
        ensure!(parent.is_dir(), "{} is no directory", parent.display());
        let root = tempfile::Builder::new().prefix("bench-").tempdir_in(parent)?;
        let flush = machine::flush(root.path())?;
        Ok(Self { program, flush, quick, root, directories: AtomicUsize::new(0) })
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// A path that nothing is at yet.
    pub fn fresh(&self, name: &str) -> PathBuf {
        let number = self.directories.fetch_add(1, Ordering::Relaxed);
        self.root().join(format!("{name}-{number}"))
    }

    /// How often to do something.
    pub fn rounds(&self, usual: usize, quick: usize) -> usize {
        if self.quick { quick } else { usual }
    }
}
