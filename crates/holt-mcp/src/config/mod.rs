//! `mcp.json`: which servers there are. The file that other programs have works as it is.
//!
//! What is not known here is kept, and said; a name under which there is no package any more is read as the one that took its
//! place, and that is said too. `${NAME}` stands for a secret of the vault, never for a variable of Holt's own environment.

mod renamed;
mod template;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

pub use template::{BadTemplate, Template};

/// The most bytes of the file.
pub const MAX_BYTES: usize = 256 * 1024;
pub const MAX_SERVERS: usize = 64;
/// The longest name of a server: it stands before those of its tools.
pub const MAX_NAME: usize = 32;
const MAX_WORDS: usize = 64;
const MAX_WORD_BYTES: usize = 4096;
const KNOWN: [&str; 9] = ["command", "args", "env", "cwd", "type", "url", "headers", "disabled", "description"];
/// Words in the name of a variable that make its value a secret, wherever it stands.
const SECRET_WORDS: [&str; 8] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH", "COOKIE"];

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    pub servers: BTreeMap<String, Server>,
    pub notices: Vec<Notice>,
}

/// Something about the file that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The server that it is about, if it is about one.
    pub server: Option<String>,
    /// Stable.
    pub code: &'static str,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    pub way: Way,
    pub disabled: bool,
    /// A line for people, from the file.
    pub description: String,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// A program in the sandbox, over its standard streams.
    Program(Program),
    /// Over streamable HTTP.
    Remote(Remote),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    pub command: String,
    pub args: Vec<Template>,
    pub env: BTreeMap<String, Template>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    pub url: Url,
    pub headers: BTreeMap<String, Template>,
}

/// Why the file, or a server to be added, is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadConfiguration {
    #[error("mcp.json is larger than {} KiB", MAX_BYTES / 1024)]
    TooLarge,
    #[error("mcp.json is not JSON: {0}")]
    NotJson(String),
    #[error("mcp.json has no object `mcpServers`")]
    NoServers,
    #[error("mcp.json names more than {MAX_SERVERS} servers")]
    TooMany,
}

impl Server {
    /// Whether something that others should not see is given to it: it then gets a room of its own.
    pub fn holds_secret(&self) -> bool {
        match &self.way {
            Way::Program(program) => {
                let named = |(name, value): (&String, &Template)| !value.secrets().is_empty() || is_secret_name(name);
                program.env.iter().any(named) || program.args.iter().any(|arg| !arg.secrets().is_empty())
            }
            // What it holds never enters a sandbox.
            Way::Remote(_) => false,
        }
    }

    /// The names of the secrets that it needs.
    pub fn secrets(&self) -> Vec<String> {
        let templates: Vec<&Template> = match &self.way {
            Way::Program(program) => program.args.iter().chain(program.env.values()).collect(),
            Way::Remote(remote) => remote.headers.values().collect(),
        };
        let mut names: Vec<String> = templates.iter().flat_map(|template| template.secrets()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Reads the file. A server that cannot be understood is left out with a notice; the others are there.
///
/// # Errors
/// When the file as a whole cannot be read.
pub fn read(text: &str) -> Result<Configuration, BadConfiguration> {
    if text.len() > MAX_BYTES {
        return Err(BadConfiguration::TooLarge);
    }
    let value: Value = serde_json::from_str(text).map_err(|error| BadConfiguration::NotJson(error.to_string()))?;
    let servers = value.get("mcpServers").and_then(Value::as_object).ok_or(BadConfiguration::NoServers)?;
    if servers.len() > MAX_SERVERS {
        return Err(BadConfiguration::TooMany);
    }
    let mut read = Configuration::default();
    for key in value.as_object().into_iter().flat_map(Map::keys).filter(|key| *key != "mcpServers") {
        read.note(None, "unknown_key", format!("`{}` means nothing to Holt and is kept as it is", shown(key)));
    }
    for (name, value) in servers {
        if let Err(why) = read.take(name, value) {
            read.note(Some(name), "server_left_out", why);
        }
    }
    Ok(read)
}

/// Whether a server may be called so.
pub fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain) && !name.contains("__") && !name.ends_with('_')
}

impl Configuration {
    fn take(&mut self, name: &str, value: &Value) -> Result<(), String> {
        if !is_name(name) {
            return Err(format!(
                "`{}` is not a name for a server: it has at most {MAX_NAME} letters, digits, `-` and single `_`",
                shown(name)
            ));
        }
        let entry = value.as_object().ok_or("it is not an object")?;
        for key in entry.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
            self.note(Some(name), "unknown_key", format!("`{}` means nothing to Holt and is kept as it is", shown(key)));
        }
        if entry.contains_key("cwd") {
            self.note(Some(name), "cwd_ignored", "`cwd` is not used: a server begins in the workspace of its session".into());
        }
        let way = self.way(name, entry)?;
        let disabled = entry.get("disabled").and_then(Value::as_bool).unwrap_or(false);
        let description = entry.get("description").and_then(Value::as_str).map(shown).unwrap_or_default();
        self.servers.insert(name.to_owned(), Server { way, disabled, description });
        Ok(())
    }

    fn way(&mut self, name: &str, entry: &Map<String, Value>) -> Result<Way, String> {
        let kind = entry.get("type").map(|kind| kind.as_str().unwrap_or_default());
        match (kind, entry.get("command"), entry.get("url")) {
            (None | Some("stdio"), Some(command), None) => self.program(name, command, entry).map(Way::Program),
            (None | Some("http" | "streamable-http" | "streamableHttp"), None, Some(url)) => remote(url, entry).map(Way::Remote),
            (Some("sse"), ..) => Err("`sse` is a transport of the past; give the address of its streamable HTTP".into()),
            _ => Err("it needs either a `command` with `type` `stdio`, or a `url` with `type` `http`".into()),
        }
    }

    fn program(&mut self, name: &str, command: &Value, entry: &Map<String, Value>) -> Result<Program, String> {
        let command = command.as_str().filter(|word| is_word(word)).ok_or("`command` is not the name of a program")?;
        let args = match entry.get("args") {
            None => Vec::new(),
            Some(args) => args.as_array().filter(|args| args.len() <= MAX_WORDS).ok_or("`args` is not a short list")?.clone(),
        };
        let args = args.iter().map(|arg| arg.as_str().filter(|arg| arg.len() <= MAX_WORD_BYTES).ok_or("`args` has to be text"));
        let mut words: Vec<String> = vec![command.to_owned()];
        for arg in args {
            words.push(arg?.to_owned());
        }
        if let Some((now, text)) = renamed::now_called(&words) {
            self.note(Some(name), "package_renamed", text);
            words = now;
        }
        let mut words = words.into_iter();
        let command = words.next().unwrap_or_default();
        let args = words.map(|arg| Template::parse(&arg)).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let env = templates(entry.get("env"), "env")?;
        for (variable, _) in env.iter().filter(|(variable, value)| is_secret_name(variable) && value.secrets().is_empty()) {
            let text = format!(
                "`{variable}` stands in the file for everybody who reads it; write `${{{variable}}}` there and keep it with \
                 `holt mcp secret {name} {variable}`"
            );
            self.note(Some(name), "secret_in_the_open", text);
        }
        Ok(Program { command, args, env })
    }

    fn note(&mut self, server: Option<&str>, code: &'static str, text: String) {
        self.notices.push(Notice { server: server.map(shown), code, text });
    }
}

fn remote(url: &Value, entry: &Map<String, Value>) -> Result<Remote, String> {
    let url = url.as_str().and_then(|url| Url::parse(url).ok()).ok_or("`url` is not an address")?;
    let is_plain = matches!(url.scheme(), "http" | "https") && url.host().is_some() && url.username().is_empty();
    if !is_plain || url.password().is_some() {
        return Err("`url` has to be http or https, without a name or a password in it".into());
    }
    Ok(Remote { url, headers: templates(entry.get("headers"), "headers")? })
}

fn templates(value: Option<&Value>, what: &str) -> Result<BTreeMap<String, Template>, String> {
    let Some(value) = value else { return Ok(BTreeMap::new()) };
    let wrong = || format!("`{what}` is not a short object of texts");
    let object = value.as_object().filter(|object| object.len() <= MAX_WORDS).ok_or_else(wrong)?;
    let one = |(name, value): (&String, &Value)| {
        let text = value.as_str().filter(|text| text.len() <= MAX_WORD_BYTES).ok_or_else(wrong)?;
        let is_name = is_word(name) && !name.contains('=');
        let template = Template::parse(text).map_err(|error| error.to_string())?;
        if is_name { Ok((name.clone(), template)) } else { Err(wrong()) }
    };
    object.iter().map(one).collect()
}

fn is_word(word: &str) -> bool {
    (1..=MAX_WORD_BYTES).contains(&word.len()) && !word.chars().any(char::is_control)
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// A few words of the file for a person: one line, and short.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests;
