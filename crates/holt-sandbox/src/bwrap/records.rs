//! What the driver remembers of each keeper, so that the next server finds it: one private file per session.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use holt_core::id::SessionId;
use holt_core::profile::ProfileKey;
use holt_core::sandbox::Authority;
use holt_keeper::cgroup::Plan;
use holt_keeper::protocol::handshake::Bytes32;
use serde::{Deserialize, Serialize};

const SUFFIX: &str = ".json";
const PRIVATE: u32 = 0o600;
/// The most bytes of a record.
const LONGEST: u64 = 256 * 1024;

/// A keeper on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub protocol: u32,
    pub session: SessionId,
    /// The keeper's name.
    pub keeper: String,
    pub secret: Bytes32,
    /// The janitor, and when it began.
    pub pid: i32,
    pub started: u64,
    pub cgroups: Option<Plan>,
    pub workspace_path: String,
    /// By which programs inside prove that they are of this sandbox.
    pub token: String,
    /// What is trusted inside, with its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Authority>,
    /// The workspace cannot be changed from inside.
    #[serde(default)]
    pub read_only: bool,
    pub warnings: Vec<String>,
    /// The profile that its browser has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileKey>,
    /// Opened ahead; no session has it yet.
    pub prepared: bool,
}

/// The records of one data directory.
#[derive(Debug, Clone)]
pub struct Records {
    directory: PathBuf,
}

impl Records {
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    fn path(&self, session: SessionId) -> PathBuf {
        self.directory.join(format!("{session}{SUFFIX}"))
    }

    /// Whole or not at all: written beside and put in place.
    pub fn put(&self, record: &Record) -> io::Result<()> {
        let path = self.path(record.session);
        let beside = path.with_extension("new");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE).open(&beside)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        fs::rename(beside, path)
    }

    /// The session's record; none when there is none, or when it cannot be understood any more.
    pub fn get(&self, session: SessionId) -> Option<Record> {
        let path = self.path(session);
        let length = fs::metadata(&path).ok()?.len();
        let bytes = (length <= LONGEST).then(|| fs::read(&path).ok()).flatten()?;
        serde_json::from_slice(&bytes).ok().filter(|record: &Record| record.session == session)
    }

    pub fn remove(&self, session: SessionId) -> io::Result<()> {
        match fs::remove_file(self.path(session)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    pub fn all(&self) -> Vec<SessionId> {
        let names = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        names.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(SUFFIX)?.parse().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_record_is_private_and_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::new(directory.path().to_owned());
        let session = "01920000-0000-7000-8000-000000000001".parse().unwrap();
        let record = Record {
            protocol: 1,
            session,
            keeper: "k".into(),
            secret: Bytes32([7; 32]),
            pid: 3,
            started: 4,
            cgroups: None,
            workspace_path: "/workspace".into(),
            token: "t".into(),
            authority: Some(Authority { certificate: "c".into(), key: "k".into() }),
            profile: None,
            read_only: false,
            warnings: Vec::new(),
            prepared: false,
        };
        records.put(&record).unwrap();
        assert_eq!(records.get(session), Some(record));
        assert_eq!(records.all(), [session]);
        let mode = fs::metadata(records.path(session)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
        fs::write(records.path(session), "damaged").unwrap();
        assert_eq!(records.get(session), None);
        records.remove(session).unwrap();
        records.remove(session).unwrap();
        assert!(records.all().is_empty());
    }
}
