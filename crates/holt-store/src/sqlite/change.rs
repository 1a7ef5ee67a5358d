//! What can be asked of the writer, and what must hold for it.

use holt_core::access::KeyRecord;
use holt_core::event::{Epoch, Event, MAX_BODY_BYTES, Seq};
use holt_core::id::{KeyId, SessionId};
use holt_core::store::{Append, AppendError, Head, StoreError, StoredHead};
use holt_core::time::Timestamp;

/// One change of what is stored. Each is refused or done alone, however many are written together.
#[derive(Debug)]
pub(super) enum Change {
    Create(Head, Vec<Event>),
    Append(Append),
    Claim(SessionId),
    Remove(SessionId),
    AddKey(KeyRecord),
    RevokeKey(KeyId, Timestamp),
    UseKey(KeyId, Timestamp),
    /// Writes something that nobody reads.
    Probe,
}

#[derive(Debug)]
pub(super) enum Done {
    Nothing,
    /// There was such a session, and now its log is to be erased.
    Removed,
    At(Seq),
    Head(Box<StoredHead>),
}

pub(super) type Answer = Result<Done, AppendError>;

/// The kinds of events that bring something to its end. They are written even when the disk is full.
const CLOSING: &[&str] = &[
    "approval_answered",
    "call_finished",
    "cancel_requested",
    "message_aborted",
    "noted",
    "run_finished",
    "sandbox_closed",
    "session_ended",
    "session_ending",
    "session_failed",
];

impl Change {
    /// Whether it may use the space that is kept back: what ends something, takes something away, or takes charge of a
    /// session in order to end something.
    pub(super) fn is_essential(&self) -> bool {
        match self {
            Self::Append(append) => {
                !append.events.is_empty() && append.events.iter().all(|event| CLOSING.contains(&&*event.kind))
            }
            Self::Claim(_) | Self::Remove(_) | Self::RevokeKey(..) => true,
            Self::Create(..) | Self::AddKey(_) | Self::UseKey(..) | Self::Probe => false,
        }
    }

    /// The events that it adds.
    pub(super) fn events(&self) -> &[Event] {
        match self {
            Self::Create(_, events) => events,
            Self::Append(append) => &append.events,
            _ => &[],
        }
    }

    /// About how much memory it holds while it waits.
    pub(super) fn bytes(&self) -> usize {
        let state = match self {
            Self::Create(head, _) => head.state.len(),
            Self::Append(append) => append.head.as_ref().map_or(0, |head| head.state.len()),
            _ => 0,
        };
        state + self.events().iter().map(|event| event.body.len() + 128).sum::<usize>()
    }
}

/// Whether the events follow on `last`, belong to the session, and were written under the epoch. A head may not know
/// events that are not there.
pub(super) fn check(
    session: SessionId,
    epoch: Epoch,
    last: Seq,
    events: &[Event],
    head: Option<&Head>,
) -> Result<Seq, StoreError> {
    let wrong = |what: String| Err(StoreError::Invalid(what));
    let mut end = last;
    for event in events {
        if (event.session, event.epoch, event.seq) != (session, epoch, end + 1) {
            let (got, of) = (event.seq, event.session);
            return wrong(format!("event {got} of session {of} where event {} of session {session} belongs", end + 1));
        }
        if event.body.len() > MAX_BODY_BYTES {
            return wrong(format!("the body of event {} is larger than {MAX_BODY_BYTES} bytes", event.seq));
        }
        end += 1;
    }
    match head {
        Some(head) if head.session != session => wrong(format!("the head of session {} for session {session}", head.session)),
        Some(head) if head.state_seq > end => wrong(format!("a head that knows event {}, with {end} events", head.state_seq)),
        _ => Ok(end),
    }
}
