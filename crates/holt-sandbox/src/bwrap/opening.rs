//! Opening a sandbox: its directories, its world, its keeper.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::sync::Arc;

use holt_core::id::SessionId;
use holt_core::sandbox::{SandboxError, SandboxInfo, SandboxSpec};
use holt_core::session::WorkspaceSpec;
use holt_keeper::protocol::PROTOCOL;
use holt_keeper::protocol::message::{Answer, Verb};
use holt_keeper::spec::{Identity, Room};
use holt_keeper::tree;
use tokio::sync::watch;

use super::birth::{self, Birth};
use super::certificates::Certificates;
use super::client::Lost;
use super::driver::{Inner, Open, Slot, info};
use super::machine::Machine;
use super::places::Session;
use super::pool;
use super::problem::{cannot_open, failed, storage};
use super::project::Project;
use super::records::Record;
use super::room::{self, Parts, Place};
use crate::environment;

/// How much of what a keeper said is passed on.
const MOST_WORDS: u64 = 4096;

/// What a sandbox is opened for.
pub struct Opening<'a> {
    pub session: SessionId,
    pub directory: Session,
    pub spec: &'a SandboxSpec,
    pub prepared: bool,
}

/// What a sandbox is given to be recognised by, and to recognise.
struct Inside<'a> {
    token: &'a str,
    certificates: Option<Certificates>,
}

/// What a sandbox is to be, and what is to be said about it.
struct World {
    room: Room,
    browser: Room,
    workspace_path: String,
    warnings: Vec<String>,
}

impl Inner {
    pub(super) async fn open_in(self: &Arc<Self>, slot: &mut Slot, spec: &SandboxSpec) -> Result<SandboxInfo, SandboxError> {
        let open = match pool::take(self, spec).await {
            Some(open) => open,
            None => {
                let directory = self.places.session(spec.session);
                self.start(Opening { session: spec.session, directory, spec, prepared: false }).await?
            }
        };
        pool::refill_later(self);
        let info = info(&open.record, false);
        slot.open = Some(Arc::new(open));
        Ok(info)
    }

    /// Starts a keeper and returns when its sandbox is up.
    pub async fn start(&self, opening: Opening<'_>) -> Result<Open, SandboxError> {
        let machine = self.machine().await?;
        let Opening { session, directory, spec, prepared } = opening;
        let token = new_token();
        let authority = self.options.outside.as_ref().and_then(|outside| outside.authority());
        let certificates = authority.as_ref().map(|_| Certificates::of(&directory));
        let world = self.world(spec, &directory, machine, Inside { token: &token, certificates }).await?;
        let identity = self.make_directories(&directory)?;
        if let Some(authority) = &authority {
            let written = Certificates::of(&directory).write(authority);
            written.map_err(|error| storage("write a session's certificates in", &self.places.sessions(), &error))?;
        }
        self.take_profile(spec, &directory, identity).await?;
        let born = birth::start(Birth {
            machine,
            options: &self.options,
            places: &self.places,
            sockets: self.sockets.as_fd(),
            session: &directory,
            identity,
            room: world.room,
            browser: world.browser,
            limits: &spec.limits,
        });
        let newborn = match born {
            Ok(newborn) => newborn,
            Err(error) => {
                self.give_back_profile(spec.profile.as_ref(), session).await;
                return Err(failed(error));
            }
        };
        let record = Record {
            protocol: PROTOCOL,
            session,
            keeper: newborn.keeper,
            secret: newborn.secret,
            pid: newborn.pid,
            started: tree::process(newborn.pid).map_or(0, |process| process.started),
            cgroups: newborn.cgroups,
            workspace_path: world.workspace_path,
            token,
            authority,
            read_only: spec.read_only,
            warnings: world.warnings,
            profile: spec.profile.clone(),
            prepared,
        };
        let (records, to_record) = (self.records.clone(), record.clone());
        let recording = tokio::task::spawn_blocking(move || records.put(&to_record));
        let (up, recorded) = tokio::join!(self.come_up(&record, newborn.words, newborn.gone), recording);
        match recorded.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => {
                if up.is_err() {
                    // It may have been written after the clearing up.
                    let _ = self.records.remove(session);
                }
                up
            }
            Err(error) => {
                self.clean_up(record, false).await;
                Err(storage("write in", &self.places.keepers(), &error))
            }
        }
    }

    async fn world(
        &self,
        spec: &SandboxSpec,
        directory: &Session,
        machine: &Machine,
        inside: Inside<'_>,
    ) -> Result<World, SandboxError> {
        let environment = environment::find(&spec.environment).ok_or_else(|| unknown_environment(&spec.environment))?;
        let workspace = self.workspace(&spec.workspace, directory, machine).await?;
        let kits = machine.home.as_deref().map(|home| environment.kits(home)).unwrap_or_default();
        let mut warnings = machine.warnings.clone();
        let missing = environment.missing(&kits).into_iter();
        warnings.extend(missing.map(|(program, package)| format!("`{program}` is not installed (package {package}).")));
        if let Place::Project(project) = &workspace {
            warnings.extend(project.warnings.clone());
        }
        let workspace_path = workspace.path_inside().display().to_string();
        let parts = Parts {
            programs: &machine.programs,
            etc: &machine.etc,
            keeper: &machine.keeper,
            home: directory.home(),
            downloads: directory.downloads(),
            profile: directory.browser_profile(),
            workspace,
            kits,
            packages: self.options.packages.as_deref(),
            variables: &spec.variables,
            limits: &spec.limits,
            token: inside.token,
            certificates: inside.certificates,
            read_only: spec.read_only,
        };
        Ok(World { room: room::room(&parts), browser: room::browser_room(&parts), workspace_path, warnings })
    }

    async fn come_up(&self, record: &Record, words: File, gone: watch::Receiver<bool>) -> Result<Open, SandboxError> {
        let up = match self.connect(record.clone(), Some(gone)).await {
            Ok(open) => match open.client.ask(Verb::Status, Vec::new()).await {
                Some((Answer::Status(_), _)) => return Ok(open),
                Some((Answer::Refused { message, .. }, _)) => message,
                Some(_) => String::new(),
                None => match open.client.until_lost().await {
                    Lost::Ended(reason) => reason,
                    Lost::Closed | Lost::Fenced => String::new(),
                },
            },
            Err(error) => error.to_string(),
        };
        self.clean_up(record.clone(), false).await;
        let said = read_words(words);
        let said: Vec<&str> = [said.trim(), up.trim()].into_iter().filter(|words| !words.is_empty()).collect();
        Err(failed(said.join("; ")))
    }

    async fn workspace(&self, spec: &WorkspaceSpec, directory: &Session, machine: &Machine) -> Result<Place, SandboxError> {
        let WorkspaceSpec::Directory { path } = spec else { return Ok(Place::Managed(directory.workspace())) };
        let (path, data, home) = (path.clone(), self.places.data().to_owned(), machine.home.clone());
        // A large directory takes a while to look through.
        let examined = tokio::task::spawn_blocking(move || Project::examine(&path, &data, home.as_deref())).await;
        examined.map_err(failed)?.map(Place::Project)
    }

    pub fn managed_workspace(&self, session: SessionId) -> Result<PathBuf, SandboxError> {
        let directory = self.places.session(session);
        self.make_directories(&directory)?;
        Ok(directory.workspace())
    }

    fn make_directories(&self, directory: &Session) -> Result<Option<Identity>, SandboxError> {
        let is_first = directory.owner().is_none();
        let identity = self.identity(directory)?;
        // What was received before there was a user to give it to. Last comes the home, by which its owner is known again.
        let given = identity.filter(|_| is_first).map_or(Ok(()), |Identity { uid, gid }| directory.give_received(uid, gid));
        let made = given.and_then(|()| directory.make(identity));
        made.map_err(|error| storage("make the directories of a session in", &self.places.sessions(), &error))?;
        Ok(identity)
    }

    /// Who the session's processes are, when Holt is root: whose the session's directories are, or somebody new.
    fn identity(&self, directory: &Session) -> Result<Option<Identity>, SandboxError> {
        let Some(identities) = &self.identities else { return Ok(None) };
        match directory.owner() {
            Some(0) => Err(failed("the session's home belongs to root, which it must not")),
            Some(uid) => Ok(Some(Identity { uid, gid: uid })),
            None => identities.next().map(Some).map_err(|error| storage("write in", &self.places.keepers(), &error)),
        }
    }
}

/// Of one sandbox, for as long as it is open.
fn new_token() -> String {
    let random: [u8; 24] = rand::random();
    random.iter().fold("holt-".to_owned(), |token, byte| format!("{token}{byte:02x}"))
}

/// What a keeper said before it ended.
fn read_words(mut words: File) -> String {
    let mut text = Vec::new();
    let read = words.rewind().and_then(|()| words.take(MOST_WORDS).read_to_end(&mut text));
    read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&text).into_owned())
}

fn unknown_environment(name: &str) -> SandboxError {
    let names: Vec<&str> = environment::ENVIRONMENTS.iter().map(|environment| environment.name).collect();
    cannot_open(
        "environment_unknown",
        format!("There is no environment named `{}`.", name.escape_debug()),
        format!("Choose one of {}.", names.join(", ")),
    )
}
