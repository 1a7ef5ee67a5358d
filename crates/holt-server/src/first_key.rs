//! The first start: nobody has a key yet, so one is made and left where only the user of this account finds it.

use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use holt_core::access::Scope;
use holt_core::id::OwnerId;
use holt_core::store::{Keys, StoreError};

use crate::auth::keyring::{NewKey, OWNER, create};

/// The name of the file in the data directory.
pub const FIRST_KEY_FILE: &str = "admin-key";

#[derive(Debug, thiserror::Error)]
pub enum FirstKeyError {
    #[error("the keys cannot be read or written: {0}")]
    Keys(#[from] StoreError),
    #[error("`{path}` cannot be written: {error}")]
    File { path: PathBuf, error: io::Error },
}

/// Makes the first key unless there is one, and says where it was put. Safe to repeat after a crash in the middle.
pub async fn ensure_first_key(keys: &dyn Keys, data_dir: &Path) -> Result<Option<PathBuf>, FirstKeyError> {
    if !keys.list(None).await?.is_empty() {
        return Ok(None);
    }
    let owner = OwnerId::new(OWNER);
    let new = NewKey { name: "first key".into(), owner, scopes: vec![Scope::Admin], expires_at: None, rules: None };
    // A key whose file cannot be written would lock its user out at the next start, so the file is tried first.
    let path = data_dir.join(FIRST_KEY_FILE);
    let fail = |error| FirstKeyError::File { path: path.clone(), error };
    let draft = data_dir.join(format!(".{FIRST_KEY_FILE}.new"));
    let _ = std::fs::remove_file(&draft);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(fail)?;
    let (key, _) = create(keys, new).await?;
    writeln!(file, "{key}").and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&draft, &path)).map_err(fail)?;
    Ok(Some(path))
}
