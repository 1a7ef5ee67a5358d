//! Where a session's followers meet its owner: the newest state, the live text so far, and a bounded channel of frames.
//!
//! A frame is made once and shared by all followers. A hub exists while the session is awake or somebody follows it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use holt_core::agent::{Delta, DeltaTarget};
use holt_core::event::{Event, EventBody, Seq};
use holt_core::id::SessionId;
use holt_core::machine::State;
use holt_core::view::{Control, Partials, Snapshot};
use tokio::sync::{broadcast, watch};

/// How many frames a follower may be behind before it is sent back to the log.
const BACKLOG: usize = 1024;

const EVENT_HEAD: &str = r#"{"type":"event","event":"#;

/// Whether a desktop is to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    Off,
    /// Not while a person drives.
    Paused,
    On,
}

impl Recording {
    fn of(state: &State) -> Self {
        match state.recording {
            None => Self::Off,
            Some(_) if state.records() => Self::On,
            Some(_) => Self::Paused,
        }
    }
}

/// What goes to followers.
#[derive(Debug, Clone)]
pub(crate) enum Frame {
    Event { seq: Seq, bytes: Bytes },
    Delta { bytes: Bytes },
    Removed,
}

#[derive(Debug)]
pub(crate) struct Hub {
    session: SessionId,
    inner: Mutex<Inner>,
    frames: broadcast::Sender<Frame>,
    control: watch::Sender<Option<Control>>,
    recording: watch::Sender<Recording>,
    retention: Option<Duration>,
}

#[derive(Debug)]
struct Inner {
    state: Arc<State>,
    partials: Partials,
}

/// What a follower begins with, taken together with its place in the live frames.
pub(crate) struct Joined {
    pub state: Arc<State>,
    pub partials: Vec<Delta>,
    pub frames: broadcast::Receiver<Frame>,
}

impl Hub {
    pub fn new(state: Arc<State>, retention: Option<Duration>) -> Self {
        let (frames, _) = broadcast::channel(BACKLOG);
        let control = watch::Sender::new(state.control.clone());
        let (session, recording) = (state.id, watch::Sender::new(Recording::of(&state)));
        let inner = Mutex::new(Inner { state, partials: Partials::default() });
        Self { session, inner, frames, control, recording, retention }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn state(&self) -> Arc<State> {
        self.lock().state.clone()
    }

    pub fn snapshot(&self) -> Snapshot {
        let inner = self.lock();
        inner.state.snapshot(inner.partials.to_vec()).kept(self.retention)
    }

    /// The snapshot that somebody who has joined begins with.
    pub fn snapshot_of(&self, state: &State, partials: Vec<Delta>) -> Snapshot {
        state.snapshot(partials).kept(self.retention)
    }

    /// Joins: what was before is in the state, what comes after is in the frames, nothing is in neither.
    pub fn join(&self) -> Joined {
        let inner = self.lock();
        Joined { state: inner.state.clone(), partials: inner.partials.to_vec(), frames: self.frames.subscribe() }
    }

    /// Shows events that are durable, and the state after them.
    pub fn commit(&self, state: Arc<State>, events: &[(Event, EventBody)]) {
        let mut inner = self.lock();
        inner.state = state;
        self.tell_control(&inner.state);
        for (event, body) in events {
            inner.partials.close(|target| ends(body, target));
            if self.frames.receiver_count() > 0 {
                let _ = self.frames.send(Frame::Event { seq: event.seq, bytes: event_frame(event) });
            }
        }
    }

    /// Sets the state as it was found in the store, when nobody was there to know it.
    pub fn refresh(&self, state: Arc<State>) {
        let mut inner = self.lock();
        if state.last_seq >= inner.state.last_seq {
            inner.state = state;
            self.tell_control(&inner.state);
        }
    }

    /// Who drives the desktop, now and from now on.
    pub fn watch_control(&self) -> watch::Receiver<Option<Control>> {
        self.control.subscribe()
    }

    /// Whether the desktop is to be recorded, now and from now on. Whoever records is no viewer.
    pub fn watch_recording(&self) -> watch::Receiver<Recording> {
        self.recording.subscribe()
    }

    /// How many look at the desktop or a terminal.
    pub fn viewers(&self) -> usize {
        self.control.receiver_count()
    }

    fn tell_control(&self, state: &State) {
        let recording = Recording::of(state);
        self.recording.send_if_modified(|known| std::mem::replace(known, recording) != recording);
        self.control.send_if_modified(|control| {
            let is_news = *control != state.control;
            if is_news {
                control.clone_from(&state.control);
            }
            is_news
        });
    }

    pub fn show(&self, delta: &Delta) {
        let mut inner = self.lock();
        inner.partials.add(delta);
        if self.frames.receiver_count() > 0 {
            let _ = self.frames.send(Frame::Delta { bytes: delta_frame(self.session, delta) });
        }
    }

    pub fn removed(&self) {
        let _ = self.frames.send(Frame::Removed);
    }

    /// Forgets live text whose writer is gone.
    pub fn forget_partials(&self) {
        self.lock().partials = Partials::default();
    }

    pub fn followers(&self) -> usize {
        self.frames.receiver_count()
    }
}

/// Whether an event makes the live text of a target obsolete.
fn ends(body: &EventBody, target: DeltaTarget) -> bool {
    match (body, target) {
        (EventBody::AgentMessage(done), DeltaTarget::Message(id) | DeltaTarget::Reasoning(id)) => done.message == id,
        (EventBody::MessageAborted(gone), DeltaTarget::Message(id) | DeltaTarget::Reasoning(id)) => gone.message == id,
        (EventBody::CallFinished(done), DeltaTarget::Call(id)) => done.call == id,
        (EventBody::RunFinished(_) | EventBody::SessionEnded(_), _) => true,
        _ => false,
    }
}

/// The frame of an event; `event_json` finds the event in it again.
pub(crate) fn event_frame(event: &Event) -> Bytes {
    let mut text = String::with_capacity(event.body.len() + 200);
    text.push_str(EVENT_HEAD);
    event.write_json(&mut text);
    text.push('}');
    Bytes::from(text)
}

/// The event alone, out of its frame, without copying.
pub(crate) fn event_json(frame: &Bytes) -> Bytes {
    frame.slice(EVENT_HEAD.len()..frame.len() - 1)
}

pub(crate) fn delta_frame(session: SessionId, delta: &Delta) -> Bytes {
    Bytes::from(format!(r#"{{"type":"delta","session":"{session}","delta":{}}}"#, json(delta)))
}

pub(crate) fn snapshot_frame(snapshot: &Snapshot) -> Bytes {
    Bytes::from(format!(r#"{{"type":"snapshot","session":"{}","snapshot":{}}}"#, snapshot.id, json(snapshot)))
}

fn json(value: &impl serde::Serialize) -> String {
    #[expect(clippy::expect_used, reason = "views have string keys and no fallible serialisers")]
    serde_json::to_string(value).expect("a view is plain data")
}
