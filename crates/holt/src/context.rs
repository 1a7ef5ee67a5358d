//! What a command works with: how to speak, and which server to speak to.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use holt_client::{Client, ClientError, Listing, Remote};
use holt_core::id::SessionId;
use holt_core::view::SessionSummary;

use crate::cli::Global;
use crate::commands::start;
use crate::config::{Config, Environment, Flags, Settings, WorkingDirectory, data_dir};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::show::words::short_id;

/// The most bytes of a certificate file.
const MAX_PEM_BYTES: u64 = 1024 * 1024;
/// How far a search for a part of an id goes.
const MAX_SEARCHED: usize = 20_000;
/// The fewest characters of an id that may stand for it.
const SHORTEST_PART: usize = 4;

pub struct Context {
    pub global: Global,
    pub output: Output,
    pub environment: Environment,
}

impl Context {
    pub fn new(global: Global) -> Self {
        let output = Output { json: global.json };
        Self { global, output, environment: Environment::of_this_process() }
    }

    /// The flags that every command has and that are settings.
    pub fn flags(&self) -> Flags {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let named = [("data_dir", path(&self.global.data_dir)), ("config", path(&self.global.config))];
        named.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    pub fn settings(&self, working_directory: WorkingDirectory) -> Result<Settings, Failure> {
        Settings::collect(&self.flags(), &self.environment, working_directory)
    }

    /// The configuration of a server that is started here and now.
    pub fn configuration(&self, flags: Flags, working_directory: WorkingDirectory) -> Result<(Config, Settings), Failure> {
        let flags = self.flags().into_iter().chain(flags).collect();
        let settings = Settings::collect(&flags, &self.environment, working_directory)?;
        Ok((Config::read(&settings, &self.environment)?, settings))
    }

    /// The data directory of the server on this machine.
    pub fn data_dir(&self) -> Result<PathBuf, Failure> {
        data_dir::of_a_server(&self.settings(WorkingDirectory::Ignore)?, &self.environment)
    }

    pub fn is_remote(&self) -> bool {
        self.global.server.is_some()
    }

    /// The server to talk to. On this machine one is started when none runs but there is something that it would know.
    pub async fn server(&self) -> Result<Client, Failure> {
        let client = self.client()?;
        if self.is_remote() || !self.data_dir()?.join("version").exists() {
            return Ok(client);
        }
        start::server(self).await
    }

    /// The same, without starting one. Nothing is connected yet.
    pub fn client(&self) -> Result<Client, Failure> {
        let Some(url) = self.global.server.clone() else { return Ok(Client::local(self.data_dir()?)) };
        let authority = self.global.ca.as_deref().map(|path| {
            let mut pem = Vec::new();
            let read = fs::File::open(path).and_then(|file| file.take(MAX_PEM_BYTES).read_to_end(&mut pem));
            read.map(|_| pem).map_err(|error| Failure::file(path, &error))
        });
        Ok(Client::remote(&Remote { url, key: self.global.key.clone(), authority: authority.transpose()? })?)
    }

    /// The session that a person means.
    pub async fn find(&self, client: &Client, named: &str) -> Result<SessionId, Failure> {
        if let Ok(id) = named.parse() {
            return Ok(id);
        }
        if named == "last" {
            return self.newest(client).await;
        }
        let part = named.to_lowercase();
        if part.len() < SHORTEST_PART || !part.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
            return Err(not_a_session(named));
        }
        let all = client.all_sessions(Listing::default(), MAX_SEARCHED).await.map_err(self.explain())?;
        let ids = all.iter().map(|session| session.id);
        let found: Vec<_> = ids.filter(|id| is_part(&id.to_string(), &part)).collect();
        one_of(&found, named)
    }

    /// The session that was made last. Lists begin with the latest activity, which may be an older one's.
    async fn newest(&self, client: &Client) -> Result<SessionId, Failure> {
        let mut listing = Listing::default();
        let mut newest: Option<SessionSummary> = None;
        loop {
            let page = client.sessions(&listing).await.map_err(self.explain())?;
            let quietest = page.items.last().map(|session| session.updated_at);
            newest = newest.into_iter().chain(page.items).max_by_key(|session| (session.created_at, session.id));
            let Some(found) = &newest else { return Err(no_sessions()) };
            // Nobody was made after the last time that anything happened to them.
            if page.next.is_none() || quietest.is_some_and(|quietest| quietest < found.created_at) {
                return Ok(found.id);
            }
            listing.cursor = page.next;
        }
    }

    /// Turns a client's error into one that knows how this command came to its server.
    pub fn explain(&self) -> impl Fn(ClientError) -> Failure + use<> {
        let remote = self.is_remote();
        move |error| {
            let mut failure = Failure::from(error);
            if failure.exit == Exit::NotAllowed && remote && failure.hint.is_empty() {
                failure.hint = "Give a key with HOLT_KEY; `holt key add` makes one.".into();
            }
            failure
        }
    }
}

/// A beginning or an end of an id.
fn is_part(id: &str, part: &str) -> bool {
    id.starts_with(part) || id.ends_with(part)
}

fn one_of(found: &[SessionId], named: &str) -> Result<SessionId, Failure> {
    match found {
        [one] => Ok(*one),
        [] => Err(not_a_session(named)),
        several => {
            let names: Vec<_> = several.iter().take(5).map(|id| short_id(*id)).collect();
            let message = format!("`{named}` could be {} sessions: {}", several.len(), names.join(", "));
            Err(Failure::usage("session_ambiguous", message, "Give more of the id."))
        }
    }
}

fn not_a_session(named: &str) -> Failure {
    Failure::failed("session_not_found", format!("there is no session `{named}`"), "`holt ls` lists them; `last` is the newest.")
}

fn no_sessions() -> Failure {
    Failure::failed("session_not_found", "there are no sessions yet", "Make one: holt run \"make a small web page about otters\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_an_id_must_mean_one() {
        let ids: Vec<SessionId> =
            ["01920000-0000-7000-8000-00000000aaaa", "01920000-0000-7000-8000-00000000bbbb"].map(|id| id.parse().unwrap()).into();
        let find =
            |part: &str| one_of(&ids.iter().copied().filter(|id| is_part(&id.to_string(), part)).collect::<Vec<_>>(), part);
        assert_eq!(find("aaaa"), Ok(ids[0]));
        assert_eq!(find("01920000").unwrap_err().code, "session_ambiguous");
        assert_eq!(find("cccc").unwrap_err().code, "session_not_found");
    }
}
