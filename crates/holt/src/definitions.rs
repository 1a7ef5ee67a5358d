//! Agent definitions as files: one TOML file for each in a directory of Holt's own, which people may also write by hand.
//!
//! A file that cannot be read is left out and named in the server's log; it keeps nobody from the others.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use holt_core::definition::{AgentDefinition, DefinitionError, Definitions, is_name};

const SUFFIX: &str = "toml";
/// The most files that are looked at, and the most bytes of each.
const MOST_FILES: usize = 500;
const MOST_BYTES: u64 = 256 * 1024;

#[derive(Debug)]
pub struct FileDefinitions {
    directory: PathBuf,
}

impl FileDefinitions {
    /// The definitions of a data directory.
    pub fn new(data_dir: &Path) -> Self {
        Self { directory: data_dir.join("agents") }
    }

    fn path(&self, name: &str) -> Result<PathBuf, DefinitionError> {
        if !is_name(name) {
            return Err(DefinitionError::Invalid(format!("`{}` cannot be the name of an agent", name.escape_debug())));
        }
        Ok(self.directory.join(name).with_extension(SUFFIX))
    }
}

/// Reads a definition as it stands in a file.
pub fn parse(name: &str, text: &str) -> Result<AgentDefinition, String> {
    let definition: AgentDefinition = toml::from_str(text).map_err(|error| error.to_string())?;
    if !definition.name.is_empty() && definition.name != name {
        return Err(format!("it calls itself `{}` and its file `{name}`", definition.name));
    }
    let definition = AgentDefinition { name: name.to_owned(), ..definition };
    definition.check().map(|()| definition)
}

/// Reads a file of a bounded size.
pub fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let mut file = fs::File::open(path)?.take(MOST_BYTES + 1);
    file.read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES { Err(io::Error::other(format!("it is larger than {MOST_BYTES} bytes"))) } else { Ok(text) }
}

impl Definitions for FileDefinitions {
    fn all(&self) -> Vec<AgentDefinition> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten().map(|entry| entry.path());
        let files = entries.filter(|path| path.extension().is_some_and(|suffix| suffix == SUFFIX)).take(MOST_FILES);
        let mut all: Vec<AgentDefinition> = files
            .filter_map(|path| {
                let name = path.file_stem()?.to_str()?.to_owned();
                let definition = read(&path).map_err(|error| error.to_string()).and_then(|text| parse(&name, &text));
                definition.inspect_err(|error| tracing::warn!(file = %path.display(), error, "an agent is not defined well")).ok()
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    fn keep(&self, definition: &AgentDefinition) -> Result<(), DefinitionError> {
        let path = self.path(&definition.name)?;
        let text = toml::to_string_pretty(definition).map_err(|error| DefinitionError::Invalid(error.to_string()))?;
        let beside = path.with_extension("new");
        let written = fs::create_dir_all(&self.directory)
            .and_then(|()| fs::File::create(&beside))
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&beside, &path));
        written.map_err(|error| DefinitionError::Storage(error.to_string()))
    }

    fn forget(&self, name: &str) -> Result<bool, DefinitionError> {
        match fs::remove_file(self.path(name)?) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(DefinitionError::Storage(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use holt_core::definition::built_in;

    use super::*;

    #[test]
    fn what_is_kept_is_found_until_it_is_forgotten() {
        let place = tempfile::tempdir().unwrap();
        let definitions = FileDefinitions::new(place.path());
        assert!(definitions.all().is_empty() && !definitions.forget("coder").unwrap());
        for definition in built_in() {
            definitions.keep(&definition).unwrap();
        }
        fs::write(place.path().join("agents/broken.toml"), "mode = 7").unwrap();
        fs::write(place.path().join("agents/other.toml"), "name = 'coder'").unwrap();
        let mut kept = definitions.all();
        assert_eq!(kept.len(), built_in().len(), "{kept:?}");
        kept.retain(|definition| built_in().contains(definition));
        assert_eq!(kept.len(), built_in().len(), "each is as it was");
        assert!(definitions.forget("coder").unwrap());
        assert!(definitions.all().iter().all(|definition| definition.name != "coder"));
    }

    #[test]
    fn a_name_never_leaves_the_directory() {
        let definitions = FileDefinitions::new(Path::new("/nowhere"));
        assert!(matches!(definitions.forget("../x"), Err(DefinitionError::Invalid(_))));
    }

    #[test]
    fn a_file_says_what_an_agent_is() {
        let text = "description = 'Writes docs'\nmode = 'accept_edits'\ntools = ['read_*']\n\
                    [policy]\notherwise = 'ask'\n[[policy.rules]]\ncommand = 'git push *'\nverdict = 'deny'\n";
        let definition = parse("writer", text).unwrap();
        assert_eq!(definition.policy.unwrap().rules[0].command.as_deref(), Some("git push *"));
        assert!(parse("writer", "tolls = []").unwrap_err().contains("tolls"));
    }
}
