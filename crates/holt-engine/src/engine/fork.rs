//! A session as a copy of another: the conversation up to a place in its log, and the files as they were there.
//!
//! The copy has the same events under the same numbers, so what refers to one by its number stays right, and from
//! `session_forked` on its own. Files are there before the log is: what the log says is so. Home, browser, terminals, what was
//! handed out and what people allowed stay with the original.

use holt_core::access::{Principal, Scope};
use holt_core::event::{Event, EventBody, Seq, SessionCreated, SessionForked};
use holt_core::id::{RunId, SessionId};
use holt_core::machine::{Input, State, decide, fork};
use holt_core::network::HostRule;
use holt_core::session::{SessionKind, SessionSpec, WorkspaceSpec};
use holt_core::snapshot::{NOTHING, SnapshotId};
use holt_core::store::StoreError;
use holt_core::view::Snapshot;
use holt_core::workspace::FileError;
use uuid::Uuid;

use super::create::{Beginning, invalid};
use super::{Engine, new_prompt};
use crate::error::EngineError;
use crate::files::off_thread;
use crate::requests::{ForkFiles, ForkPlace, ForkSession};

/// How many bytes of events are copied.
const MOST_BYTES: usize = 128 << 20;
/// How many are read at once.
const PAGE: usize = 1_000;

impl Engine {
    /// Makes a session out of another one. With an id of the caller's choice, asking twice makes it once.
    pub async fn fork(&self, by: &Principal, from: SessionId, request: ForkSession) -> Result<Snapshot, EngineError> {
        let source = self.check(by, Scope::Operate, from).await?;
        let id = request.id.unwrap_or_else(|| SessionId::new(Uuid::now_v7()));
        let _turn = self.node.forks.lock().await;
        match self.node.store().head(id).await {
            Err(StoreError::NotFound) => {}
            Ok(_) => return self.session(by, id).await,
            Err(error) => return Err(error.into()),
        }
        let copy = self.copied(by, id, &source, request.place).await?;
        match self.make(by, &source, copy, request).await {
            // Somebody has made one of this name meanwhile.
            Err(EngineError::Store(StoreError::Exists)) => self.session(by, id).await,
            Err(error) => {
                self.forget(id).await;
                Err(error)
            }
            made => made,
        }
    }

    async fn make(&self, by: &Principal, source: &Snapshot, copy: Copied, request: ForkSession) -> Result<Snapshot, EngineError> {
        let files = if copy.state.last_seq == source.last_seq && request.files == ForkFiles::Then {
            ForkFiles::Now
        } else {
            request.files
        };
        let placed = self.place_files(source, &copy, files).await?;
        let title = request.title.unwrap_or_else(|| format!("{} (fork)", source.title).trim_start().to_owned());
        let forked = SessionForked {
            from: source.id,
            at: copy.state.last_seq,
            title,
            hosts: copy.hosts.clone(),
            snapshot: placed.snapshot,
            kept_at: placed.kept_at,
            files: placed.files,
            by: by.name.clone(),
        };
        let now = self.node.now();
        let decision = fork(&copy.state, forked, request.go_on, now);
        let mut beginning = Beginning { state: copy.state, events: copy.events, effects: Vec::new() };
        beginning.take(decision);
        if let Some(prompt) = request.prompt {
            beginning.take(decide(&beginning.state, Input::Prompt(new_prompt(by, prompt)), now)?);
        }
        self.begin(beginning).await
    }

    /// The log up to the place, as that of the new session.
    async fn copied(&self, by: &Principal, id: SessionId, source: &Snapshot, place: ForkPlace) -> Result<Copied, EngineError> {
        let last = match place {
            ForkPlace::End | ForkPlace::Before { .. } => source.last_seq,
            ForkPlace::At(at) if (1..=source.last_seq).contains(&at) => at,
            ForkPlace::At(at) => {
                let what = format!("the session has no event {at}: its last is {}", source.last_seq);
                return Err(invalid("event_unknown", what, "`holt logs --json` shows the events with their numbers."));
            }
        };
        let mut events = self.read(source.id, last).await?;
        if let ForkPlace::Before { run, step } = place {
            let at = before_step(&events, run, step).ok_or_else(|| {
                let what = format!("there is no step {step} in that run");
                invalid("step_unknown", what, "The steps of a run are numbered from 1; each is an answer of the model.")
            })?;
            events.retain(|event| event.seq <= at);
        }
        Copied::new(by, id, events)
    }

    async fn read(&self, from: SessionId, last: Seq) -> Result<Vec<Event>, EngineError> {
        let (mut events, mut bytes) = (Vec::<Event>::new(), 0);
        loop {
            let after = events.last().map_or(0, |event| event.seq);
            let page = self.node.store().events_after(from, after, PAGE).await?;
            if page.is_empty() || after >= last {
                return Ok(events);
            }
            bytes += page.iter().map(|event| event.body.len()).sum::<usize>();
            if bytes > MOST_BYTES {
                let what = format!("the conversation is larger than {MOST_BYTES} bytes up to there");
                return Err(invalid("fork_too_large", what, "Fork at an earlier event, or start a new session with its files."));
            }
            events.extend(page.into_iter().filter(|event| event.seq <= last));
        }
    }

    async fn place_files(&self, source: &Snapshot, copy: &Copied, files: ForkFiles) -> Result<Placed, EngineError> {
        let (parts, id, from) = (self.node.parts.clone(), copy.state.id, source.id);
        let (workspace, kept) = (source.workspace.clone(), copy.kept.clone());
        let then = (copy.state.snapshot_id().to_owned(), copy.kept_at);
        let placed = off_thread(move || {
            let (snapshots, own) = (&parts.snapshots, parts.workspaces.files(id, &WorkspaceSpec::Managed)?);
            let is_managed = workspace == WorkspaceSpec::Managed;
            if is_managed {
                snapshots.adopt(id, from, &kept)?;
            }
            let (snapshot, kept_at) = match files {
                ForkFiles::None => (NOTHING.to_owned(), None),
                // A directory of the user's has no snapshots: what stands there now is all there is.
                ForkFiles::Now | ForkFiles::Then if !is_managed => {
                    (snapshots.take(id, &*parts.workspaces.files(from, &workspace)?)?.id, None)
                }
                ForkFiles::Now => {
                    let now = snapshots.take(from, &*parts.workspaces.files(from, &workspace)?)?.id;
                    snapshots.adopt(id, from, std::slice::from_ref(&now))?;
                    (now, None)
                }
                ForkFiles::Then => then,
            };
            let files = snapshots.restore(id, &snapshot, &*own, None)?.files;
            Ok(Placed { snapshot, kept_at, files })
        });
        placed.await.map_err(|error| match error {
            EngineError::File(FileError::NotFound(_)) if files == ForkFiles::Then => {
                let what = "the files as they were there are not kept any more".to_owned();
                invalid("snapshot_gone", what, "Fork with the files as they are now, or without any.")
            }
            other => other,
        })
    }

    /// Takes back what was placed for a session that did not come to be.
    async fn forget(&self, id: SessionId) {
        let parts = self.node.parts.clone();
        let removed = parts.sandboxes.remove(id).await.map_err(EngineError::from);
        let forgotten = off_thread(move || parts.snapshots.remove(id)).await;
        if let Err(error) = removed.and(forgotten) {
            tracing::warn!(session = %id, %error, "what was copied for a fork that failed could not be removed");
        }
    }
}

/// The files that a new session has got.
struct Placed {
    snapshot: SnapshotId,
    kept_at: Option<Seq>,
    files: u64,
}

/// A log on its way into another session.
struct Copied {
    state: State,
    events: Vec<Event>,
    /// The snapshots that were taken so far, and where the newest was, or was put back.
    kept: Vec<SnapshotId>,
    kept_at: Option<Seq>,
    /// What the session said to hosts, without what people answered.
    hosts: Vec<HostRule>,
}

impl Copied {
    fn new(by: &Principal, id: SessionId, events: Vec<Event>) -> Result<Self, EngineError> {
        let mut events = events.into_iter();
        let first = events.next();
        let Some((at, EventBody::SessionCreated(created))) = first.and_then(|first| Some((first.at, first.decode()?))) else {
            return Err(StoreError::Damaged("the first event of a session does not say how it was made".into()).into());
        };
        let created = SessionCreated { spec: copied_spec(by, created.spec) };
        let hosts = created.spec.hosts.clone();
        let first = Event::new(id, 1, 1, at, &created.clone().into());
        let state = State::new(id, created, at);
        let mut copy = Self { state, events: vec![first], kept: Vec::new(), kept_at: None, hosts };
        events.for_each(|event| copy.take(id, event));
        Ok(copy)
    }

    fn take(&mut self, id: SessionId, event: Event) {
        let body = event.decode();
        match &body {
            Some(EventBody::SnapshotTaken(taken)) => {
                self.kept.push(taken.snapshot.id.clone());
                self.kept_at = Some(event.seq);
            }
            Some(EventBody::WorkspaceRestored(restored)) if restored.path.is_none() => self.kept_at = Some(event.seq),
            Some(EventBody::SessionForked(forked)) => {
                self.kept.push(forked.snapshot.clone());
                self.kept_at = Some(event.seq);
                self.hosts.clone_from(&forked.hosts);
            }
            Some(EventBody::NetworkChanged(changed)) => self.hosts.clone_from(&changed.hosts),
            _ => {}
        }
        self.state.apply(event.seq, event.at, body.as_ref());
        self.events.push(Event { session: id, epoch: 1, ..event });
    }
}

/// A copy is a conversation with files of its own, whatever the original is. What a key's rules hold stays held by them, on that
/// key's account.
fn copied_spec(by: &Principal, spec: SessionSpec) -> SessionSpec {
    SessionSpec {
        owner: by.owner.clone(),
        key: if spec.rules.is_some() { spec.key } else { by.key },
        kind: SessionKind::Chat,
        workspace: WorkspaceSpec::Managed,
        browser_profile: None,
        record_desktop: false,
        expires_at: None,
        origin: "holt".into(),
        ..spec
    }
}

/// The last event before a step of a run begins.
fn before_step(events: &[Event], run: Option<RunId>, step: u32) -> Option<Seq> {
    let of_run = |event: &Event| match event.decode()? {
        EventBody::RunStarted(started) => Some(started.run),
        EventBody::MessageStarted(started) => Some(started.run),
        EventBody::AgentMessage(message) => Some(message.run),
        _ => None,
    };
    let newest = || events.iter().rev().find(|event| &*event.kind == "run_started").and_then(of_run);
    let run = run.or_else(newest)?;
    let (mut steps, mut begun) = (0, None);
    for event in events.iter().filter(|event| matches!(&*event.kind, "message_started" | "agent_message")) {
        if of_run(event) != Some(run) {
            continue;
        }
        let begins = *begun.get_or_insert(event.seq);
        if &*event.kind == "agent_message" {
            steps += 1;
            if steps == step {
                return Some(begins - 1);
            }
            begun = None;
        }
    }
    None
}
