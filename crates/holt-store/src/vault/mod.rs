//! Secrets in files: one sealed file for each below `vault/`, and the key to all of them beside that directory.
//!
//! The key stands apart so that a copy of the one without the other tells nothing. It is made when the first secret is kept.

mod seal;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use holt_core::store::StoreError;
use holt_core::time::Timestamp;
use holt_core::vault::{KeptSecret, MAX_SECRET_BYTES, SealError, SecretName, Vault};
use rustix::fs::{Mode, OFlags};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use tokio::task::spawn_blocking;
use uuid::Uuid;

const DIRECTORY: &str = "vault";
const KEY: &str = "vault.key";
pub(crate) const KEY_BYTES: usize = 32;

type Key = SecretBox<[u8; KEY_BYTES]>;

/// The secrets of one data directory.
#[derive(Debug, Clone)]
pub struct FileVault(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: PathBuf,
    key_file: PathBuf,
    /// Held while a key is made, and while files are changed.
    key: Mutex<Option<Arc<Key>>>,
}

impl FileVault {
    /// The vault in a data directory. Nothing is made or read until it is used.
    pub fn new(data_dir: &Path) -> Self {
        let (directory, key_file) = (data_dir.join(DIRECTORY), data_dir.join(KEY));
        Self(Arc::new(Inner { directory, key_file, key: Mutex::default() }))
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.0.clone();
        let done = spawn_blocking(move || work(&inner)).await;
        done.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}

#[async_trait]
impl Vault for FileVault {
    async fn keep(&self, name: &SecretName, secret: SecretString) -> Result<(), StoreError> {
        let name = name.clone();
        if secret.expose_secret().len() > MAX_SECRET_BYTES {
            return Err(StoreError::Invalid(format!("a secret has at most {MAX_SECRET_BYTES} bytes")));
        }
        self.off_thread(move |inner| inner.keep(&name, &secret)).await
    }

    async fn fetch(&self, name: &SecretName) -> Result<Option<SecretString>, StoreError> {
        let name = name.clone();
        self.off_thread(move |inner| inner.fetch(&name)).await
    }

    async fn below(&self, name: &str) -> Result<Vec<KeptSecret>, StoreError> {
        let prefix = format!("{name}/");
        self.off_thread(move |inner| inner.below(&prefix)).await
    }

    async fn forget(&self, name: &SecretName) -> Result<bool, StoreError> {
        let name = name.clone();
        self.off_thread(move |inner| inner.forget(&name)).await
    }

    fn seal(&self, label: &str, from: &mut dyn Read, to: &mut dyn Write) -> Result<u64, SealError> {
        seal::seal(self.0.key(true)?.expose_secret(), label, from, to)
    }

    fn open(&self, label: &str, from: &mut dyn Read, to: &mut dyn Write) -> Result<u64, SealError> {
        seal::open(self.0.key(false)?.expose_secret(), label, from, to)
    }
}

impl Inner {
    fn keep(&self, name: &SecretName, secret: &SecretString) -> Result<(), StoreError> {
        let key = self.key(true).map_err(fault)?;
        let mut sealed = Vec::new();
        seal::seal(key.expose_secret(), name.as_str(), &mut secret.expose_secret().as_bytes(), &mut sealed).map_err(fault)?;
        make_directory(&self.directory).map_err(unavailable)?;
        write_whole(&self.directory, &file_name(name), &sealed).map_err(unavailable)
    }

    fn fetch(&self, name: &SecretName) -> Result<Option<SecretString>, StoreError> {
        let mut file = match open_file(&self.directory.join(file_name(name))) {
            Ok(file) => file.take(2 * MAX_SECRET_BYTES as u64),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        };
        let key = self.key(false).map_err(fault)?;
        let mut secret = Vec::new();
        seal::open(key.expose_secret(), name.as_str(), &mut file, &mut secret).map_err(|error| of_secret(name, error))?;
        let text = String::from_utf8(secret).map_err(|_| of_secret(name, SealError::Broken))?;
        Ok(Some(text.into()))
    }

    fn below(&self, prefix: &str) -> Result<Vec<KeptSecret>, StoreError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unavailable(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unavailable)?;
            let Some(name) = entry.file_name().to_str().and_then(secret_name) else { continue };
            if name.as_str().starts_with(prefix) {
                let modified = entry.metadata().and_then(|facts| facts.modified()).unwrap_or(UNIX_EPOCH);
                found.push(KeptSecret { name, kept_at: timestamp(modified) });
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn forget(&self, name: &SecretName) -> Result<bool, StoreError> {
        match fs::remove_file(self.directory.join(file_name(name))) {
            Ok(()) => File::open(&self.directory).and_then(|directory| directory.sync_all()).map_err(unavailable).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// The key, which is made where there is none and it may be.
    fn key(&self, make: bool) -> Result<Arc<Key>, SealError> {
        let mut held = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*held {
            return Ok(key.clone());
        }
        let key = match read_key(&self.key_file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && make && self.is_empty() => make_key(&self.key_file)?,
            Err(error) => return Err(SealError::NoKey(format!("{}: {error}", self.key_file.display()))),
            Ok(key) => key,
        };
        Ok(held.insert(Arc::new(key)).clone())
    }

    /// A new key beside secrets of another one would hide that theirs is missing.
    fn is_empty(&self) -> bool {
        fs::read_dir(&self.directory).map_or(true, |mut entries| entries.next().is_none())
    }
}

fn read_key(path: &Path) -> io::Result<Key> {
    let mut file = open_file(path)?.take(KEY_BYTES as u64 + 1);
    let mut key = SecretBox::new(Box::new([0; KEY_BYTES]));
    let bytes: &mut [u8; KEY_BYTES] = secrecy::ExposeSecretMut::expose_secret_mut(&mut key);
    file.read_exact(bytes)?;
    if file.read(&mut [0])? == 0 { Ok(key) } else { Err(io::Error::other("this is no key of a vault")) }
}

fn make_key(path: &Path) -> Result<Key, SealError> {
    let key: Key = SecretBox::new(Box::new(seal::random()?));
    let directory = path.parent().unwrap_or(Path::new("/"));
    write_whole(directory, KEY, key.expose_secret())?;
    Ok(key)
}

/// Puts a file in place whole and durably.
fn write_whole(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = directory.join(format!(".{}.new", Uuid::from_bytes(seal::random().map_err(io::Error::other)?)));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, directory.join(name))
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written?;
    File::open(directory)?.sync_all()
}

fn open_file(path: &Path) -> io::Result<File> {
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?.into())
}

fn make_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Slashes are the only part of a name that a file's name cannot have. Nothing that a name may have reads as what stands for it.
fn file_name(name: &SecretName) -> String {
    name.as_str().replace('/', "+")
}

fn secret_name(file_name: &str) -> Option<SecretName> {
    SecretName::new(file_name.replace('+', "/")).ok().filter(|_| !file_name.starts_with('.'))
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn unavailable(error: io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::StorageFull { StoreError::Full } else { StoreError::Unavailable(error.to_string()) }
}

fn fault(error: SealError) -> StoreError {
    match error {
        SealError::Io(error) => unavailable(error),
        SealError::Broken => StoreError::Damaged("a secret".into()),
        error @ SealError::NoKey(_) => StoreError::Damaged(error.to_string()),
    }
}

fn of_secret(name: &SecretName, error: SealError) -> StoreError {
    match error {
        SealError::Broken => StoreError::Damaged(format!("the secret `{name}`: {error}")),
        error => fault(error),
    }
}

#[cfg(test)]
mod tests;
