//! Which value a setting has, and who said so.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::{Setting, WorkingDirectory, dotenv, file, settings, suggest};
use crate::failure::Failure;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Flag,
    Environment(&'static str),
    DotEnv(&'static str),
    File(PathBuf),
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => write!(f, "environment, {name}"),
            Self::DotEnv(name) => write!(f, ".env, {name}"),
            Self::File(path) => f.write_str(&path.display().to_string()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting's value as it was written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub text: String,
    pub source: Source,
}

/// Values from the command line, by the name of their setting.
pub type Flags = Vec<(&'static str, String)>;

/// What surrounds the process. A value, so that tests have their own.
#[derive(Clone, Default)]
pub struct Environment {
    pub variables: BTreeMap<String, String>,
    pub working_directory: PathBuf,
    /// Started by the system's service manager.
    pub is_service: bool,
    pub is_root: bool,
}

impl Environment {
    pub fn of_this_process() -> Self {
        let variables: BTreeMap<String, String> =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
        // The service manager's variables are inherited by everything that a desktop starts, this one says whom it means.
        let started = variables.get("SYSTEMD_EXEC_PID").is_some_and(|pid| *pid == std::process::id().to_string());
        let child_of_init = std::os::unix::process::parent_id() == 1 && variables.contains_key("INVOCATION_ID");
        Self {
            is_service: started || child_of_init,
            is_root: rustix::process::geteuid().is_root(),
            working_directory: std::env::current_dir().unwrap_or_default(),
            variables,
        }
    }

    /// A variable that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A directory of the user's by its variable, which counts only when absolute, or below the home directory.
    pub fn directory(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let named = self.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        named.or_else(|| Some(PathBuf::from(self.get("HOME")?).join(below_home)))
    }
}

/// The values of all settings.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, Value>,
    /// What a person should hear about the configuration though it works.
    pub warnings: Vec<String>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

impl Settings {
    pub fn collect(flags: &Flags, environment: &Environment, working_directory: WorkingDirectory) -> Result<Self, Failure> {
        let dotenv = read_dotenv(environment, working_directory)?;
        let named = flags.iter().find(|(key, _)| *key == "config").map(|(_, path)| path.as_str());
        let named = named.or_else(|| environment.get("HOLT_CONFIG")).or_else(|| dotenv.get("HOLT_CONFIG").map(String::as_str));
        let mut collected = Self { file: file::find(named, environment, working_directory), ..Self::default() };
        collected.add_defaults();
        if let Some(path) = collected.file.clone() {
            for (key, text) in file::read(&path)? {
                collected.values.insert(key, Value { text, source: Source::File(path.clone()) });
            }
        }
        collected.add_variables(|name| dotenv.get(name).cloned().filter(|value| !value.is_empty()), Source::DotEnv);
        collected.add_variables(|name| environment.get(name).map(str::to_owned), Source::Environment);
        for (key, text) in flags.iter().filter(|(key, _)| *key != "config") {
            collected.values.insert(key, Value { text: text.clone(), source: Source::Flag });
        }
        collected.warnings = unknown_names(environment.variables.keys());
        Ok(collected)
    }

    fn add_defaults(&mut self) {
        for setting in settings() {
            if let Some(text) = setting.default {
                self.values.insert(setting.key, Value { text: text.to_owned(), source: Source::Default });
            }
        }
    }

    fn add_variables(&mut self, get: impl Fn(&str) -> Option<String>, source: fn(&'static str) -> Source) {
        for setting in settings() {
            if let Some((name, text)) = setting.env.iter().find_map(|name| Some((*name, get(name)?))) {
                self.values.insert(setting.key, Value { text, source: source(name) });
            }
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// A value with its meaning.
    pub fn parse<T>(&self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Failure> {
        let Some(value) = self.get(key) else { return Ok(None) };
        parse(&value.text).map(Some).map_err(|why| wrong(key, value, &why))
    }

    /// A value with its meaning, of a setting that always has one.
    pub fn parse_always<T>(&self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
        let missing = || Failure::usage("config_invalid", format!("`{key}` has no value"), "Give it one in holt.toml.");
        self.parse(key, parse)?.ok_or_else(missing)
    }

    /// The parts of a list, however it is written.
    pub fn list(&self, key: &str) -> Vec<String> {
        let parts = self.get(key).into_iter().flat_map(|value| value.text.split(','));
        parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

/// What is wrong with a value. A secret is never repeated.
fn wrong(key: &str, value: &Value, why: &str) -> Failure {
    let is_secret = settings().any(|setting: &Setting| setting.key == key && setting.secret);
    let shown = if is_secret { String::new() } else { format!(" = `{}`", value.text) };
    let message = format!("{key}{shown} ({}): {why}", value.source);
    Failure::usage("config_invalid", message, "`holt config --about` says what each setting takes.")
}

fn read_dotenv(environment: &Environment, directory: WorkingDirectory) -> Result<BTreeMap<String, String>, Failure> {
    let path = environment.working_directory.join(".env");
    if directory == WorkingDirectory::Ignore {
        return Ok(BTreeMap::new());
    }
    let Some(text) = file::read_text(&path, dotenv::MAX_BYTES)? else { return Ok(BTreeMap::new()) };
    let invalid = |why: String| Failure::usage("config_invalid", format!("{}: {why}", path.display()), "Mend that line.");
    let variables = dotenv::parse(&text).map_err(|bad| invalid(format!("line {}: {}", bad.number, bad.why)))?;
    match unknown_names(variables.keys()).into_iter().next() {
        Some(unknown) => Err(invalid(unknown)),
        None => Ok(variables),
    }
}

/// Names of Holt's that are not settings: they speak to other commands, or to the build.
const OTHER_NAMES: &[&str] = &["HOLT_CONFIG", "HOLT_SERVER", "HOLT_KEY", "HOLT_CA", "HOLT_KEEPER"];

/// Sentences about names that look like Holt's and are not.
fn unknown_names<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let known: Vec<&'static str> = settings().flat_map(|setting| setting.env).chain(OTHER_NAMES).copied().collect();
    let unknown = names.filter(|name| name.starts_with("HOLT_") && !known.contains(&name.as_str()));
    let sentences = unknown.map(|name| match suggest::nearest(name, known.iter().copied()) {
        Some(near) => format!("there is no setting `{name}`; did you mean `{near}`?"),
        None => format!("there is no setting `{name}`"),
    });
    sentences.collect()
}
