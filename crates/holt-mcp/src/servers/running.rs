//! One server of one session: starting it, and what is known of it while it runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use holt_core::id::SessionId;
use holt_core::sandbox::{Link, ProgramSpec, SandboxError, SandboxSpec};
use holt_core::session::{Limits, WorkspaceSpec};
use holt_core::vault::SecretName;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::Parts;
use crate::config::{Program, Template, Way};
use crate::conversation::{Conversation, Failure};
use crate::package::Package;
use crate::remote;
use crate::tools::{Described, Listing};

/// How long a session's sandbox may take to open.
const OPEN_WITHIN: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
const MIB: u64 = 1 << 20;
/// What a sandbox of a server's own may use.
const OWN_LIMITS: Limits =
    Limits { memory_bytes: 1024 * MIB, processes: 128, cpu_percent: 100, disk_bytes: 1024 * MIB, tmp_bytes: 128 * MIB };

/// How a server is to be started.
pub(super) struct Starting {
    name: String,
    way: Way,
    /// Where a program runs: in the session's sandbox, or in one of its own.
    place: Place,
}

enum Place {
    Session(SessionId),
    Own { session: SessionId, of: Option<SessionId> },
}

/// A server that runs.
pub(super) struct Started {
    pub conversation: Conversation,
    /// What it says of itself, as soon as it was asked.
    said: StdMutex<Listing>,
    /// The sandbox that it has for itself.
    own: Option<SessionId>,
}

impl Starting {
    pub fn of(parts: &Parts, name: &str, session: SessionId) -> Result<Self, Failure> {
        let server = parts.shelf.read().ok().and_then(|mut all| all.servers.remove(name)).ok_or_else(|| unknown(name))?;
        let place = if server.holds_secret() {
            Place::Own { session: own_id(session, name), of: Some(session) }
        } else {
            Place::Session(session)
        };
        Ok(Self { name: name.to_owned(), way: server.way, place })
    }

    /// For nobody's session, and so without a way out.
    pub fn alone(parts: &Parts, name: &str) -> Result<Self, Failure> {
        let server = parts.shelf.read().ok().and_then(|mut all| all.servers.remove(name)).ok_or_else(|| unknown(name))?;
        let place = Place::Own { session: SessionId::new(Uuid::now_v7()), of: None };
        Ok(Self { name: name.to_owned(), way: server.way, place })
    }

    pub async fn start(self, parts: &Parts) -> Result<Started, Failure> {
        match &self.way {
            Way::Remote(remote) => {
                let secrets = self.secrets(parts, names(remote.headers.values())).await?;
                let headers: HashMap<String, String> = filled(&remote.headers, &secrets)?.into_iter().collect();
                let conversation = remote::reach(Arc::clone(&parts.lookup), remote.url.clone(), headers).await?;
                Ok(Started { conversation, said: StdMutex::default(), own: None })
            }
            Way::Program(program) => self.start_program(parts, program).await,
        }
    }

    async fn start_program(&self, parts: &Parts, program: &Program) -> Result<Started, Failure> {
        let secrets = self.secrets(parts, names(program.args.iter().chain(program.env.values()))).await?;
        let args = program.args.iter().map(|arg| fill(arg, &secrets)).collect::<Result<Vec<_>, _>>()?;
        let (argv, mut variables) = self.command(parts, &program.command, args)?;
        variables.extend(filled(&program.env, &secrets)?);
        let (session, own) = match self.place {
            Place::Session(session) => (session, None),
            Place::Own { session, of } => {
                parts.apart.add(session, of);
                open_own(parts, session).await?;
                (session, Some(session))
            }
        };
        let link = run(parts, ProgramSpec { session, argv, variables }).await;
        let begun = match link {
            Ok(link) => Conversation::with_program(link).await,
            Err(why) => Err(why),
        };
        match begun {
            Ok(conversation) => Ok(Started { conversation, said: StdMutex::default(), own }),
            Err(why) => {
                clear(parts, own).await;
                Err(why)
            }
        }
    }

    /// What is run: a package's program from where it is kept, else the program itself.
    fn command(
        &self,
        parts: &Parts,
        command: &str,
        args: Vec<String>,
    ) -> Result<(Vec<String>, BTreeMap<String, String>), Failure> {
        let Some(package) = Package::of(command, &args) else {
            return Ok(([command.to_owned()].into_iter().chain(args).collect(), BTreeMap::new()));
        };
        let launch = parts.shelf.launch(&package).ok_or_else(|| {
            Failure::NotStarted(format!("its package `{}` is not here; `holt mcp fetch {}` gets it", package.wanted, self.name))
        })?;
        let rest = args.into_iter().skip(package.words_before);
        Ok((launch.argv.into_iter().chain(rest).collect(), launch.variables))
    }

    async fn secrets(&self, parts: &Parts, names: Vec<String>) -> Result<HashMap<String, String>, Failure> {
        let mut found = HashMap::new();
        for name in names {
            let known = SecretName::new(format!("mcp/{}/{name}", self.name)).map_err(|_| unknown(&self.name))?;
            let secret = parts.vault.fetch(&known).await.map_err(|error| Failure::NotStarted(error.to_string()))?;
            found.extend(secret.map(|secret| (name, secret.expose_secret().to_owned())));
        }
        // What has something to fall back to needs none.
        Ok(found)
    }
}

fn names<'a>(templates: impl Iterator<Item = &'a Template>) -> Vec<String> {
    templates.flat_map(Template::secrets).collect()
}

fn filled(
    templates: &BTreeMap<String, Template>,
    secrets: &HashMap<String, String>,
) -> Result<BTreeMap<String, String>, Failure> {
    templates.iter().map(|(name, template)| Ok((name.clone(), fill(template, secrets)?))).collect()
}

fn fill(template: &Template, secrets: &HashMap<String, String>) -> Result<String, Failure> {
    let filled = template.fill(|name| secrets.get(name).cloned());
    filled.map_err(|name| Failure::NotStarted(format!("it needs the secret `{name}`; `holt mcp secret` keeps it")))
}

fn unknown(name: &str) -> Failure {
    Failure::NotStarted(format!("`{name}` is not in mcp.json any more"))
}

/// A sandbox for a server alone: the same for the same session, and no session's.
fn own_id(session: SessionId, name: &str) -> SessionId {
    let hash = Sha256::digest(format!("{session}/{name}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    SessionId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

async fn open_own(parts: &Parts, session: SessionId) -> Result<(), Failure> {
    let spec = SandboxSpec {
        session,
        workspace: WorkspaceSpec::Managed,
        environment: "default".into(),
        limits: OWN_LIMITS,
        read_only: false,
        profile: None,
        variables: BTreeMap::new(),
    };
    parts.sandboxes.open(spec).await.map(drop).map_err(|error| Failure::NotStarted(error.to_string()))
}

async fn clear(parts: &Parts, own: Option<SessionId>) {
    let Some(session) = own else { return };
    parts.apart.remove(session);
    let cleared = async {
        parts.sandboxes.close(session).await?;
        parts.sandboxes.remove(session).await
    };
    if let Err(error) = cleared.await {
        tracing::warn!(%error, "the sandbox of a server could not be removed");
    }
}

/// Starts a program as soon as the sandbox is open, which it is about to be.
async fn run(parts: &Parts, program: ProgramSpec) -> Result<Box<dyn Link>, Failure> {
    let opened = async {
        loop {
            match parts.sandboxes.run(program.clone()).await {
                Err(SandboxError::NotOpen) => sleep(BETWEEN_LOOKS).await,
                started => return started,
            }
        }
    };
    match timeout(OPEN_WITHIN, opened).await {
        Ok(started) => started.map_err(|error| Failure::NotStarted(error.to_string())),
        Err(_) => Err(Failure::NotStarted("the session's sandbox is not open".into())),
    }
}

impl Started {
    /// Why a tool is not to be called: the server describes it in other words than somebody agreed to.
    pub fn refuses(&self, agreed: &Described) -> Option<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let again = "A person has to look at it and agree again: `holt mcp test` shows it.";
        match said.find(&agreed.name) {
            None => Some(format!("the server does not have `{}` any more. {again}", agreed.name)),
            Some(now) if now.pin() != agreed.pin() => Some(format!(
                "the server describes `{}` in other words than it did when somebody agreed to it. {again}",
                agreed.name
            )),
            Some(_) => None,
        }
    }

    async fn learn(&self) -> Result<(), Failure> {
        let said = self.conversation.list().await?;
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = said;
        Ok(())
    }

    pub async fn end(self, parts: &Parts) {
        self.conversation.end().await;
        clear(parts, self.own).await;
    }
}

/// The place of a server of a session, whether it runs or not.
#[derive(Default)]
pub(super) struct Slot {
    state: Mutex<State>,
    used: StdMutex<Option<Instant>>,
    watched: AtomicBool,
}

#[derive(Default)]
struct State {
    started: Option<Arc<Started>>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Slot {
    /// The server, started when it does not run.
    pub fn reach<'a>(&'a self, parts: &'a Parts, starting: Starting) -> BoxFuture<'a, Result<Arc<Started>, String>> {
        Box::pin(self.reached(parts, starting))
    }

    async fn reached(&self, parts: &Parts, starting: Starting) -> Result<Arc<Started>, String> {
        let mut state = self.state.lock().await;
        self.used();
        if let Some(started) = state.started.clone().filter(|started| !started.conversation.is_over()) {
            if started.conversation.has_changed() {
                started.learn().await.map_err(|why| format!("it says that its tools are others now, and {why}"))?;
            }
            return Ok(started);
        }
        if let Some(gone) = state.started.take() {
            leave(parts, gone).await;
        }
        if let Some(left) = state.not_before.and_then(|at| at.checked_duration_since(Instant::now())) {
            return Err(format!("it failed {} times; it is tried again in {} s.", state.failures, left.as_secs() + 1));
        }
        match begin(parts, starting).await {
            Ok(started) => {
                (state.failures, state.not_before) = (0, None);
                let started = Arc::new(started);
                state.started = Some(Arc::clone(&started));
                Ok(started)
            }
            Err(why) => {
                let times = 2_u32.saturating_pow(state.failures.min(16));
                let pause = parts.timing.first_pause.saturating_mul(times).min(parts.timing.longest_pause);
                state.failures += 1;
                state.not_before = Some(Instant::now() + pause);
                Err(format!("it cannot be used: {why}."))
            }
        }
    }

    pub fn used(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether nobody watches yet for it to be idle.
    pub fn is_to_be_watched(&self) -> bool {
        !self.watched.swap(true, Ordering::AcqRel)
    }

    /// Waits until nobody has called it for so long.
    pub async fn until_idle(&self, idle: Duration) {
        loop {
            let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
            let busy = self.state.lock().await.started.as_ref().is_some_and(|started| Arc::strong_count(started) > 1);
            let left = used.map_or(Duration::ZERO, |used| (used + idle).saturating_duration_since(Instant::now()));
            match (busy, left) {
                (false, Duration::ZERO) => return,
                (true, Duration::ZERO) => sleep(idle).await,
                (_, left) => sleep(left).await,
            }
        }
    }

    pub async fn runs(&self) -> bool {
        self.state.lock().await.started.as_ref().is_some_and(|started| !started.conversation.is_over())
    }

    pub async fn end(&self, parts: &Parts) {
        if let Some(started) = self.state.lock().await.started.take() {
            leave(parts, started).await;
        }
    }
}

fn begin(parts: &Parts, starting: Starting) -> BoxFuture<'_, Result<Started, Failure>> {
    Box::pin(async move {
        let started = starting.start(parts).await?;
        match started.learn().await {
            Ok(()) => Ok(started),
            Err(why) => {
                started.end(parts).await;
                Err(why)
            }
        }
    })
}

/// Ends a server as soon as the last call of it is over; its own sandbox at once.
async fn leave(parts: &Parts, started: Arc<Started>) {
    let own = started.own;
    match Arc::try_unwrap(started) {
        Ok(started) => started.end(parts).await,
        Err(_) => clear(parts, own).await,
    }
}
