//! `holt.toml`: where it is, and its values as text under their dotted names.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::layers::Environment;
use super::{WorkingDirectory, settings, suggest};
use crate::failure::Failure;

const MAX_BYTES: usize = 256 * 1024;
/// The configuration of a server that everybody on the machine uses.
const FOR_ALL: &str = "/etc/holt/holt.toml";

/// The file that holds the configuration, when there is one: the one that was named, or the first that is there.
pub fn find(named: Option<&str>, environment: &Environment, working_directory: WorkingDirectory) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.into());
    }
    let here = (working_directory == WorkingDirectory::Read).then(|| environment.working_directory.join("holt.toml"));
    let own = environment.directory("XDG_CONFIG_HOME", ".config").map(|config| config.join("holt/holt.toml"));
    here.into_iter().chain(own).chain([FOR_ALL.into()]).find(|path| path.exists())
}

/// The values of a file, by their dotted names.
pub fn read(path: &Path) -> Result<Vec<(&'static str, String)>, Failure> {
    let missing = || Failure::file(path, &ErrorKind::NotFound.into());
    let text = read_text(path, MAX_BYTES)?.ok_or_else(missing)?;
    parse(&text).map_err(|why| {
        let message = format!("{}: {why}", path.display());
        Failure::usage("config_invalid", message, "`holt config` lists every setting with its name.")
    })
}

/// A small text file. Nothing when there is none.
pub fn read_text(path: &Path, limit: usize) -> Result<Option<String>, Failure> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::file(path, &error)),
    };
    let mut text = String::new();
    file.take(limit as u64 + 1).read_to_string(&mut text).map_err(|error| Failure::file(path, &error))?;
    if text.len() > limit {
        let message = format!("{} is larger than {limit} bytes", path.display());
        return Err(Failure::usage("config_invalid", message, "A configuration is much smaller than that."));
    }
    Ok(Some(text))
}

fn parse(text: &str) -> Result<Vec<(&'static str, String)>, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string().trim_end().to_owned())?;
    let mut values = Vec::new();
    flatten("", &table, &mut values)?;
    Ok(values)
}

fn flatten(prefix: &str, table: &Table, values: &mut Vec<(&'static str, String)>) -> Result<(), String> {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, values)?,
            value => values.push((known(&key)?, text_of(&key, value)?)),
        }
    }
    Ok(())
}

fn known(key: &str) -> Result<&'static str, String> {
    let found = settings().map(|setting| setting.key).find(|known| *known == key);
    found.ok_or_else(|| match suggest::nearest(key, settings().map(|setting| setting.key)) {
        Some(near) => format!("there is no setting `{key}`; did you mean `{near}`?"),
        None => format!("there is no setting `{key}`"),
    })
}

/// Every setting has one form as text, whatever it is written as.
fn text_of(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(yes) => Ok(yes.to_string()),
        Value::Array(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| text_of(key, item)).collect();
            items.map(|items| items.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => Err(format!("`{key}` must be a text, a number, true or false, or a list")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_become_dotted_names() {
        let text = "listen = [\"127.0.0.1:1\", \"[::1]:1\"]\nmodel = \"demo\"\n[budget]\nsteps = 5\n[tls]\ngenerate = true\n";
        let expected = [("budget.steps", "5"), ("listen", "127.0.0.1:1,[::1]:1"), ("model", "demo"), ("tls.generate", "true")];
        let mut values = parse(text).unwrap();
        values.sort();
        assert_eq!(values, expected.map(|(key, value)| (key, value.to_owned())));
    }

    #[test]
    fn a_misspelled_name_is_an_error_that_knows_better() {
        assert_eq!(parse("lisen = \"x\"").unwrap_err(), "there is no setting `lisen`; did you mean `listen`?");
        assert_eq!(parse("[budget]\nstep = 1").unwrap_err(), "there is no setting `budget.step`; did you mean `budget.steps`?");
        assert_eq!(parse("wallpaper = 1").unwrap_err(), "there is no setting `wallpaper`");
        assert!(parse("listen = ").is_err());
        assert!(parse("listen = 1979-05-27").is_err());
    }
}
