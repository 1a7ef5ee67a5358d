//! Artifacts: copies of what sessions handed out, by their content, so that they stay as they were.
//!
//! They stand below the data directory, where no sandbox reaches. Each is whole and on the disk before it has its name.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use holt_core::id::SessionId;
use holt_core::time::Timestamp;
use holt_core::workspace::{Blobs, FileError, OpenFile, StoredBlob};
use rustix::fs::{Mode, OFlags};
use sha2::{Digest as _, Sha256};

use crate::workspace::nameless::Nameless;

/// Keeps the artifacts of all sessions.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    directory: PathBuf,
}

impl ArtifactStore {
    pub fn new(data_dir: &Path) -> Self {
        Self { directory: data_dir.join("artifacts") }
    }

    fn session(&self, session: SessionId) -> PathBuf {
        self.directory.join(session.to_string())
    }
}

impl Blobs for ArtifactStore {
    fn keep(&self, session: SessionId, source: &mut dyn Read, limit: u64) -> Result<StoredBlob, FileError> {
        let directory = self.session(session);
        DirBuilder::new().mode(0o700).recursive(true).create(&directory).map_err(said)?;
        let directory = File::open(&directory).map_err(said)?;
        let parent = directory.try_clone().map_err(said)?;
        let mut copy = Nameless::create(parent.into(), Mode::from_raw_mode(0o600)).map_err(said)?;
        let stored = copy_hashed(source, &mut copy.file, limit)?;
        copy.file.sync_all().map_err(said)?;
        // The same content again takes the place of itself.
        copy.publish(&stored.sha256).map_err(said)?;
        directory.sync_all().map_err(said)?;
        Ok(stored)
    }

    fn open(&self, session: SessionId, sha256: &str) -> Result<OpenFile, FileError> {
        let is_name = sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_name {
            return Err(FileError::BadPath(sha256.chars().filter(|c| !c.is_control()).take(80).collect()));
        }
        let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(self.session(session).join(sha256));
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FileError::NotFound(sha256.to_owned()),
            _ => said(error),
        })?;
        let found = file.metadata()?;
        let modified_at = found.mtime().saturating_mul(1000).saturating_add(found.mtime_nsec() / 1_000_000);
        if found.is_file() {
            Ok(OpenFile { file, size: found.len(), modified_at: Timestamp::from_millis(modified_at) })
        } else {
            Err(FileError::NotAFile(sha256.to_owned()))
        }
    }

    fn remove(&self, session: SessionId) -> Result<(), FileError> {
        match fs::remove_dir_all(self.session(session)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(said),
        }
    }
}

fn copy_hashed(source: &mut dyn Read, to: &mut File, limit: u64) -> Result<StoredBlob, FileError> {
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0_u64, vec![0; 64 * 1024]);
    loop {
        let count = match source.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(said(error)),
        };
        size += count as u64;
        if size > limit {
            return Err(FileError::TooLarge { what: "the artifact".into(), limit });
        }
        hash.update(&piece[..count]);
        to.write_all(&piece[..count]).map_err(said)?;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(StoredBlob { sha256, size })
}

fn said(error: io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FileError::NoSpace,
        _ => FileError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn session(number: u128) -> SessionId {
        SessionId::new(uuid::Uuid::from_u128(number))
    }

    fn read(store: &ArtifactStore, session: SessionId, sha256: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        store.open(session, sha256).unwrap().file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn an_artifact_is_named_by_its_content_and_kept_once() {
        let data = tempfile::tempdir().unwrap();
        let store = ArtifactStore::new(data.path());
        let kept = store.keep(session(1), &mut &b"abc"[..], 3).unwrap();
        assert_eq!(kept.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(kept.size, 3);
        assert_eq!(store.keep(session(1), &mut &b"abc"[..], 100).unwrap(), kept);
        assert_eq!(names(&data.path().join("artifacts").join(session(1).to_string())), std::slice::from_ref(&kept.sha256));
        assert_eq!(read(&store, session(1), &kept.sha256), b"abc");
        assert!(matches!(store.open(session(2), &kept.sha256), Err(FileError::NotFound(_))));
    }

    #[test]
    fn what_is_too_large_or_breaks_off_leaves_nothing() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let data = tempfile::tempdir().unwrap();
        let store = ArtifactStore::new(data.path());
        assert!(matches!(store.keep(session(1), &mut &b"abcd"[..], 3), Err(FileError::TooLarge { limit: 3, .. })));
        assert!(matches!(store.keep(session(1), &mut io::repeat(0), 1 << 20), Err(FileError::TooLarge { .. })));
        assert!(matches!(store.keep(session(1), &mut Broken, 1 << 20), Err(FileError::Io(_))));
        assert!(names(&data.path().join("artifacts").join(session(1).to_string())).is_empty());
    }

    #[test]
    fn a_name_that_is_no_hash_opens_nothing() {
        let data = tempfile::tempdir().unwrap();
        let store = ArtifactStore::new(data.path());
        let kept = store.keep(session(1), &mut &b"abc"[..], 3).unwrap();
        for bad in ["", "..", "../../version", &kept.sha256.to_uppercase(), &kept.sha256[1..], &format!("{}/", &kept.sha256[1..])]
        {
            assert!(matches!(store.open(session(1), bad), Err(FileError::BadPath(_))), "{bad}");
        }
    }

    #[test]
    fn a_session_s_artifacts_go_together() {
        let data = tempfile::tempdir().unwrap();
        let store = ArtifactStore::new(data.path());
        let kept = store.keep(session(1), &mut &b"abc"[..], 3).unwrap();
        store.keep(session(2), &mut &b"abc"[..], 3).unwrap();
        store.remove(session(1)).unwrap();
        store.remove(session(1)).unwrap();
        assert!(matches!(store.open(session(1), &kept.sha256), Err(FileError::NotFound(_))));
        assert_eq!(read(&store, session(2), &kept.sha256), b"abc");
    }

    #[test]
    fn artifacts_are_private() {
        let data = tempfile::tempdir().unwrap();
        let store = ArtifactStore::new(data.path());
        let kept = store.keep(session(1), &mut &b"abc"[..], 3).unwrap();
        let directory = data.path().join("artifacts").join(session(1).to_string());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&directory.join(&kept.sha256))), (0o700, 0o600));
    }
}
