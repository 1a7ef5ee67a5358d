//! Making a session: what it is to be, its first events, and its owner if there is something to do at once.

use std::path::Path;

use holt_core::access::{KeyRules, Principal, Scope};
use holt_core::event::{Event, SessionCreated};
use holt_core::id::SessionId;
use holt_core::machine::{Decision, Effect, Input, Refusal, State, decide};
use holt_core::network::HostRule;
use holt_core::session::{DesktopSpec, Network, SessionKind, SessionSpec, WorkspaceSpec};
use holt_core::source::Source;
use holt_core::store::StoreError;
use holt_core::view::Snapshot;
use uuid::Uuid;

use super::network::sensible_hosts;
use super::{Engine, allow, new_prompt};
use crate::error::EngineError;
use crate::files::off_thread;
use crate::node::Loaded;
use crate::requests::CreateSession;

/// A session that is not durable yet.
pub(super) struct Beginning {
    pub state: State,
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
}

impl Beginning {
    pub fn take(&mut self, decision: Decision) {
        let session = self.state.id;
        self.events.extend(decision.events.iter().map(|fact| Event::new(session, fact.seq, 1, fact.at, &fact.body)));
        self.effects.extend(decision.effects);
        self.state = decision.state;
    }
}

impl Engine {
    /// Makes a session. With an id of the caller's choice, asking twice makes it once.
    pub async fn create(&self, by: &Principal, request: CreateSession) -> Result<Snapshot, EngineError> {
        allow(by, Scope::Operate)?;
        let id = request.id.unwrap_or_else(|| SessionId::new(Uuid::now_v7()));
        let prompt = request.prompt.clone();
        let spec = self.spec(by, request).await?;
        let now = self.node.now();
        let created = SessionCreated { spec };
        let first = Event::new(id, 1, 1, now, &created.clone().into());
        let mut beginning = Beginning { state: State::new(id, created, now), events: vec![first], effects: Vec::new() };
        if beginning.state.lacks_source() && prompt.is_none() {
            beginning.effects = vec![Effect::OpenSandbox, Effect::FetchSource];
        }
        if let Some(prompt) = prompt {
            beginning.take(decide(&beginning.state, Input::Prompt(new_prompt(by, prompt)), now)?);
        }
        match self.begin(beginning).await {
            Err(EngineError::Store(StoreError::Exists)) => self.session(by, id).await,
            begun => begun,
        }
    }

    /// Makes it durable, and its owner if there is something to do at once.
    pub(super) async fn begin(&self, beginning: Beginning) -> Result<Snapshot, EngineError> {
        let Beginning { state, events, effects } = beginning;
        self.node.store().create(state.head(), events).await?;
        self.node.watchers.changed(&state);
        let snapshot = state.snapshot(Vec::new());
        if state.wake_at().is_some() {
            self.node.due_changed.notify_one();
        }
        if !effects.is_empty() {
            self.node.adopt(Loaded { state, epoch: Some(1), effects });
        }
        Ok(snapshot)
    }

    async fn spec(&self, by: &Principal, request: CreateSession) -> Result<SessionSpec, EngineError> {
        let options = &self.node.options;
        let definition = match request.agent.as_deref() {
            Some(name) => self.definition(name).await?,
            None => None,
        };
        let brain = definition.as_ref().map_or(request.agent, |definition| definition.agent.clone());
        let agent = brain.unwrap_or_else(|| options.default_agent.clone());
        if !self.node.parts.agents.contains_key(&agent) {
            return Err(invalid("agent_unknown", format!("there is no agent `{agent}`"), "`holt agents` lists the agents."));
        }
        let defined = definition.as_ref();
        let model = request.model.or_else(|| defined.and_then(|agent| agent.model.clone()));
        let model = model.unwrap_or_else(|| self.default_model());
        if !self.models().iter().any(|known| known.id == model) {
            return Err(invalid(
                "model_unknown",
                format!("there is no model `{model}`"),
                "`holt status --json` lists the models; some need a key.",
            ));
        }
        let environment = request.environment.unwrap_or_else(|| options.default_environment.clone());
        if !options.environments.contains(&environment) {
            let hint = "Choose one of the environments that `/v2/status` lists.";
            return Err(invalid("environment_unknown", format!("there is no environment `{environment}`"), hint));
        }
        let policy = request.policy.unwrap_or_else(|| options.policy.clone());
        policy.check().map_err(|what| invalid("bad_policy", what, "Use fewer or shorter rules."))?;
        let rules = by.rules.as_deref();
        let usual = defined.and_then(|agent| agent.mode).unwrap_or(options.mode);
        let usual = rules.and_then(|rules| rules.mode).into_iter().chain([usual]).min_by_key(|mode| mode.freedom());
        let mode = request.mode.or(usual).unwrap_or_default();
        let budget = request.budget.or_else(|| defined.and_then(|agent| agent.budget)).unwrap_or(options.budget);
        let most = rules.and_then(|rules| rules.network).into_iter();
        let network = most.chain([options.network]).min_by_key(|network| network.reach());
        let workspace = self.workspace(by, request.workspace.unwrap_or(WorkspaceSpec::Managed)).await?;
        let (network, hosts) = reaching(&request.source, request.network.or(network).unwrap_or_default(), request.hosts)?;
        if request.source.is_some() && (workspace != WorkspaceSpec::Managed || mode.reads_only()) {
            let what = "a repository can only be fetched into a workspace of Holt's own that may be written".to_owned();
            return Err(invalid("bad_source", what, "Leave out the directory, and begin in another mode than plan."));
        }
        let natural = if workspace == WorkspaceSpec::Managed { SessionKind::Chat } else { SessionKind::Project };
        let bounds = defined.and_then(|agent| agent.policy.clone()).into_iter();
        let of_key = by.rules.iter().filter_map(|rules| rules.policy.clone());
        let spec = SessionSpec {
            owner: by.owner.clone(),
            kind: request.kind.unwrap_or(natural),
            title: request.title.unwrap_or_default(),
            agent,
            model,
            environment,
            workspace,
            source: request.source,
            policy,
            bounds: bounds.chain(of_key).collect(),
            mode,
            definition: definition.clone(),
            budget,
            session_budget: request.session_budget.unwrap_or(options.session_budget),
            key: by.key,
            rules: by.rules.as_ref().map(|rules| Box::new(KeyRules { policy: None, ..(**rules).clone() })),
            limits: request.limits.unwrap_or(options.limits),
            desktop: sensible(request.desktop.unwrap_or(options.desktop))?,
            network,
            hosts: sensible_hosts(hosts)?,
            record_desktop: request.record_desktop,
            browser_profile: request.browser_profile,
            origin: request.origin.unwrap_or_else(|| "holt".into()),
            expires_at: request.expires_at,
            sleep_after_seconds: request.sleep_after_seconds.unwrap_or(options.sleep_after_seconds),
            keep_awake_seconds: request.keep_awake_seconds.unwrap_or(options.keep_awake_seconds),
        };
        within_rules(spec)
    }

    /// A directory of the user's reaches the host, so it takes an admin; and it is named by its one true path.
    async fn workspace(&self, by: &Principal, workspace: WorkspaceSpec) -> Result<WorkspaceSpec, EngineError> {
        let WorkspaceSpec::Directory { path } = workspace else { return Ok(workspace) };
        allow(by, Scope::Admin)?;
        let workspaces = self.node.parts.workspaces.clone();
        let path = off_thread(move || workspaces.check_directory(Path::new(&path))).await?;
        Ok(WorkspaceSpec::Directory { path })
    }
}

/// Whoever names a repository means its host to be reached.
fn reaching(
    source: &Option<Source>,
    network: Network,
    mut hosts: Vec<HostRule>,
) -> Result<(Network, Vec<HostRule>), EngineError> {
    if let Some(source) = source {
        let hint = "Give it as `https://host/path`, and a branch as Git names it.";
        source.check().map_err(|what| invalid("bad_source", what, hint))?;
        if network == Network::None {
            let what = "nothing leaves a session whose network is `none`, so no repository can be fetched".to_owned();
            return Err(invalid("source_needs_network", what, "Set `network` to `allow` or `open`."));
        }
        hosts.extend(source.rule());
    }
    Ok((network, hosts))
}

/// What nobody asked for is as free as the key's rules let it be; what somebody asked for is that, or refused.
fn within_rules(spec: SessionSpec) -> Result<SessionSpec, EngineError> {
    let asked_to_add = SessionSpec { hosts: Vec::new(), ..spec.clone() };
    asked_to_add
        .check_mode(spec.mode)
        .and_then(|()| asked_to_add.check_network(spec.network, &spec.hosts))
        .map_err(Refusal::BeyondKey)?;
    Ok(spec)
}

fn sensible(desktop: DesktopSpec) -> Result<DesktopSpec, EngineError> {
    if desktop.is_sensible() {
        return Ok(desktop);
    }
    let what = format!("a desktop of {} x {} pixels cannot be had", desktop.width, desktop.height);
    Err(invalid("desktop_size", what, "Each side of a desktop has between 320 and 4096 pixels."))
}

pub(super) fn invalid(code: &'static str, what: String, hint: &'static str) -> EngineError {
    EngineError::Invalid { code, what, hint }
}
