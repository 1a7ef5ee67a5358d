//! Where servers are written down: `mcp.json`, what was agreed to of each, and the packages.
//!
//! The file may be changed by its owner at any time, and is read again when it is needed. What is agreed to holds for an entry as
//! it was then: one that was changed is not used before somebody has looked at it again.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::config::{self, Configuration};
use crate::package::Package;
use crate::tools::Listing;

const FILE: &str = "mcp.json";
const AGREED: &str = "mcp/agreed.json";
const PACKAGES: &str = "mcp/packages";
const LAUNCH: &str = "launch.json";

/// The servers that the description of the worker control names. None is used before somebody chooses it.
const FIRST: &str = include_str!("first.json");

/// What a person agreed to: the entry as it was then, and what the server said of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreed {
    pub entry: String,
    pub listing: Listing,
}

/// How a package is started where sandboxes see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    pub argv: Vec<String>,
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}

#[derive(Debug)]
pub struct Shelf {
    directory: PathBuf,
    changing: Mutex<()>,
}

#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    #[error(transparent)]
    Bad(#[from] config::BadConfiguration),
    #[error("{0}")]
    Refused(String),
    #[error("there is no server `{0}`")]
    NoServer(String),
    #[error("{path} cannot be used: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

impl Shelf {
    /// The shelf in a data directory. As long as there is no file the first servers are on it.
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), changing: Mutex::new(()) }
    }

    /// Makes what is missing: the directory of the packages, and a file to be changed by hand.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn lay_out(&self) -> Result<(), ShelfError> {
        let packages = self.packages();
        std::fs::create_dir_all(&packages).map_err(|source| ShelfError::Io { path: packages, source })?;
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.path(FILE).exists() { Ok(()) } else { self.write(FILE, FIRST.as_bytes()) }
    }

    /// Where the packages are, which sandboxes see.
    pub fn packages(&self) -> PathBuf {
        Self::packages_in(&self.directory)
    }

    /// The same, of the shelf in a data directory.
    pub fn packages_in(directory: &Path) -> PathBuf {
        directory.join(PACKAGES)
    }

    /// What the file says now.
    ///
    /// # Errors
    /// When it cannot be read as a whole.
    pub fn read(&self) -> Result<Configuration, ShelfError> {
        Ok(config::read(&self.text()?)?)
    }

    /// An entry's text, by which a change of it is noticed.
    pub fn entry(&self, name: &str) -> Option<String> {
        let file: Value = serde_json::from_str(&self.text().ok()?).ok()?;
        let mut entry = file.get("mcpServers")?.get(name)?.as_object()?.clone();
        // Whether it is used, and what people read, changes nothing of what it does.
        entry.remove("disabled");
        entry.remove("description");
        Some(hex(&Sha256::digest(Value::Object(entry).to_string())))
    }

    /// Puts an entry into the file, in place of one of that name; what else stands there stays as it is.
    ///
    /// # Errors
    /// When nothing could be made of it.
    pub fn put(&self, name: &str, entry: Value) -> Result<(), ShelfError> {
        let alone = config::read(&json!({ "mcpServers": { name: &entry } }).to_string())?;
        if !alone.servers.contains_key(name) {
            let why = alone.notices.into_iter().find(|notice| notice.code == "server_left_out").map(|notice| notice.text);
            return Err(ShelfError::Refused(why.unwrap_or_else(|| "it cannot be understood".into())));
        }
        self.change(|servers| {
            servers.insert(name.to_owned(), entry);
            Ok(())
        })
    }

    /// # Errors
    /// When there is no such entry.
    pub fn remove(&self, name: &str) -> Result<(), ShelfError> {
        self.change(|servers| servers.remove(name).map(drop).ok_or_else(|| ShelfError::NoServer(name.to_owned())))?;
        self.agree(name, None)
    }

    /// # Errors
    /// When there is no such entry.
    pub fn switch(&self, name: &str, on: bool) -> Result<(), ShelfError> {
        self.change(|servers| {
            let entry = servers.get_mut(name).and_then(Value::as_object_mut);
            let entry = entry.ok_or_else(|| ShelfError::NoServer(name.to_owned()))?;
            entry.remove("disabled");
            if !on {
                entry.insert("disabled".into(), true.into());
            }
            Ok(())
        })
    }

    /// What was agreed to of each server.
    pub fn agreed(&self) -> BTreeMap<String, Agreed> {
        let text = std::fs::read(self.path(AGREED)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Remembers what was agreed to, or that nothing is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn agree(&self, name: &str, agreed: Option<Agreed>) -> Result<(), ShelfError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.agreed();
        match agreed {
            Some(agreed) => drop(all.insert(name.to_owned(), agreed)),
            None => drop(all.remove(name)),
        }
        self.write(AGREED, json!(all).to_string().as_bytes())
    }

    /// How a package is started, when it is there.
    pub fn launch(&self, package: &Package) -> Option<Launch> {
        let text = std::fs::read(self.packages().join(package.directory()).join(LAUNCH)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    pub(crate) fn write_launch(&self, directory: &Path, launch: &Launch) -> Result<(), ShelfError> {
        let path = directory.join(LAUNCH);
        std::fs::write(&path, json!(launch).to_string()).map_err(|source| ShelfError::Io { path, source })
    }

    fn change(&self, how: impl FnOnce(&mut Map<String, Value>) -> Result<(), ShelfError>) -> Result<(), ShelfError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file: Value =
            serde_json::from_str(&self.text()?).map_err(|error| config::BadConfiguration::NotJson(error.to_string()))?;
        let servers = file.get_mut("mcpServers").and_then(Value::as_object_mut).ok_or(config::BadConfiguration::NoServers)?;
        how(servers)?;
        let text = serde_json::to_string_pretty(&file).unwrap_or_default() + "\n";
        config::read(&text)?;
        self.write(FILE, text.as_bytes())
    }

    fn text(&self) -> Result<String, ShelfError> {
        let path = self.path(FILE);
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(FIRST.to_owned()),
            read => read.map_err(|source| ShelfError::Io { path, source }),
        }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.join(below)
    }

    /// Whole or not at all, and for nobody else to read: secrets may stand in it.
    fn write(&self, below: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let (path, new) = (self.path(below), self.path(&format!("{below}.new")));
        let written = || {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)
        };
        written().map_err(|source| ShelfError::Io { path: path.clone(), source })
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_servers_are_there_and_off() {
        let place = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(place.path());
        let configuration = shelf.read().unwrap();
        shelf.lay_out().unwrap();
        assert_eq!(shelf.read().unwrap().servers, configuration.servers);
        let names: Vec<&str> = configuration.servers.keys().map(String::as_str).collect();
        let seed = ["brave-search", "claude-flow", "context7", "fetch", "filesystem", "git", "github", "playwright"];
        assert_eq!(names, seed);
        assert!(configuration.servers.values().all(|server| server.disabled));
        assert_eq!(configuration.notices, []);
    }

    #[test]
    fn a_change_leaves_the_rest_of_the_file_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(place.path());
        std::fs::write(place.path().join(FILE), r#"{"mine":1,"mcpServers":{"b":{"command":"b","own":2}}}"#).unwrap();
        shelf.put("a", json!({ "command": "a" })).unwrap();
        shelf.switch("b", false).unwrap();
        let file: Value = serde_json::from_str(&shelf.text().unwrap()).unwrap();
        assert_eq!(file["mine"], 1);
        assert_eq!(file["mcpServers"]["b"], json!({ "command": "b", "own": 2, "disabled": true }));
        assert!(matches!(shelf.put("a", json!({ "command": 1 })), Err(ShelfError::Refused(_))));
        assert!(matches!(shelf.put("a b", json!({ "command": "a" })), Err(ShelfError::Refused(_))));
        assert!(matches!(shelf.remove("none"), Err(ShelfError::NoServer(_))));
        shelf.remove("a").unwrap();
        assert_eq!(shelf.read().unwrap().servers.len(), 1);
    }

    #[test]
    fn an_entry_that_changes_is_another() {
        let place = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(place.path());
        shelf.put("a", json!({ "command": "a" })).unwrap();
        let before = shelf.entry("a").unwrap();
        shelf.switch("a", false).unwrap();
        assert_eq!(shelf.entry("a").unwrap(), before);
        shelf.put("a", json!({ "command": "a", "args": ["--all"] })).unwrap();
        assert_ne!(shelf.entry("a").unwrap(), before);
        shelf.agree("a", Some(Agreed { entry: before, listing: Listing::default() })).unwrap();
        assert_eq!(shelf.agreed().len(), 1);
        shelf.remove("a").unwrap();
        assert!(shelf.agreed().is_empty());
    }
}
