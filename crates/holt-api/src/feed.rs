//! The frames of `/v2/feed`, the one socket on which a client follows many sessions, and of the server-sent events.

use holt_core::agent::Delta;
use holt_core::event::Seq;
use holt_core::id::{CallId, SessionId};
use holt_core::view::{SessionSummary, Snapshot};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::Event;
use crate::session::Answer;

/// What a client says. Exactly one of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ClientFrame {
    /// Follow a session: from the event after `after` on, or from a snapshot. Following again begins again.
    Follow(Follow),
    Unfollow(Unfollow),
    /// Watch the list of sessions. The answer is `watching`; whoever reads the list after it misses nothing.
    Watch(Watch),
    Unwatch(Unwatch),
    /// Answers a question about a call, as `POST /v2/sessions/{id}/approvals/{call}` does. Done, it is answered by `answered`.
    Answer(AnswerFrame),
    /// Answers in words what the agent asked in words.
    Reply(ReplyFrame),
    /// Answers a question about a host.
    AnswerHost(AnswerHostFrame),
    /// Asks for a pong that carries the same number.
    Ping(Ping),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    pub follow: SessionId,
    /// The last event that the client has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// With `false`, text comes with its finished message and not while it is written.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    #[schema(default = true)]
    pub deltas: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serialiser asks so")]
fn is_yes(value: &bool) -> bool {
    *value
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    pub watch: Watched,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unwatch {
    pub unwatch: Watched,
}

/// What can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Watched {
    /// The sessions that the caller's list shows.
    Sessions,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unfollow {
    pub unfollow: SessionId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    pub ping: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerFrame {
    /// The call that is asked about.
    pub answer: CallId,
    pub session: SessionId,
    #[serde(rename = "with")]
    pub answer_with: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyFrame {
    /// The call that asks.
    pub reply: CallId,
    pub session: SessionId,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerHostFrame {
    /// The number of the question; the snapshot's `host_questions` has it.
    pub answer_host: Seq,
    pub session: SessionId,
    pub allow: bool,
    /// For as long as the session lives; else for a minute.
    #[serde(default)]
    pub lasting: bool,
}

/// What the server says.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a frame is made, handed over and taken apart; none are kept in numbers")]
pub enum ServerFrame {
    /// The session as it is; the events that follow go on from its `last_seq`.
    Snapshot {
        session: SessionId,
        snapshot: Snapshot,
    },
    Event {
        event: Event,
    },
    /// Live text. It is never sent again; the finished message is an event.
    Delta {
        session: SessionId,
        delta: Delta,
    },
    /// The list of sessions is watched from here on: read it now. It comes again when so much has changed that the list has
    /// to be read again.
    Watching,
    /// A session of the watched list is like this now. What was between this and the last word of it is left out.
    Summary {
        session: SessionId,
        summary: SessionSummary,
    },
    /// The session was removed; nothing follows.
    Removed {
        session: SessionId,
    },
    /// Something could not be done. Without a session it is about the last frame that the client sent.
    Error {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionId>,
        code: String,
        message: String,
        hint: String,
    },
    /// An answer was taken. What follows from it comes as events to whoever follows the session.
    Answered {
        session: SessionId,
        /// The call, or the number of the question about a host, as it was sent.
        question: String,
    },
    Pong {
        ping: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_says_one_thing_at_a_time() {
        let id = "01920000-0000-7000-8000-000000000001";
        let parse = |text: &str| serde_json::from_str::<ClientFrame>(text).ok();
        let session: SessionId = id.parse().unwrap();
        assert_eq!(
            parse(&format!(r#"{{"follow":"{id}","after":7}}"#)),
            Some(ClientFrame::Follow(Follow { follow: session, after: Some(7), deltas: true }))
        );
        assert_eq!(parse(&format!(r#"{{"unfollow":"{id}"}}"#)), Some(ClientFrame::Unfollow(Unfollow { unfollow: session })));
        assert_eq!(parse(r#"{"ping":3}"#), Some(ClientFrame::Ping(Ping { ping: 3 })));
        assert_eq!(
            parse(&format!(r#"{{"follow":"{id}","deltas":false}}"#)),
            Some(ClientFrame::Follow(Follow { follow: session, after: None, deltas: false }))
        );
        assert_eq!(parse(r#"{"watch":"sessions"}"#), Some(ClientFrame::Watch(Watch { watch: Watched::Sessions })));
        assert_eq!(parse(r#"{"unwatch":"sessions"}"#), Some(ClientFrame::Unwatch(Unwatch { unwatch: Watched::Sessions })));
        let call: CallId = "01920000-0000-7000-8000-000000000002".parse().unwrap();
        let answer = format!(r#"{{"answer":"{call}","session":"{id}","with":{{"allow":true,"hash":"x"}}}}"#);
        let with = Answer { allow: true, hash: Some("x".into()), ..Answer::default() };
        assert_eq!(parse(&answer), Some(ClientFrame::Answer(AnswerFrame { answer: call, session, answer_with: with })));
        let reply = format!(r#"{{"reply":"{call}","session":"{id}","text":"the blue"}}"#);
        assert_eq!(parse(&reply), Some(ClientFrame::Reply(ReplyFrame { reply: call, session, text: "the blue".into() })));
        let host = format!(r#"{{"answer_host":7,"session":"{id}","allow":false}}"#);
        let expected = AnswerHostFrame { answer_host: 7, session, allow: false, lasting: false };
        assert_eq!(parse(&host), Some(ClientFrame::AnswerHost(expected)));
        for wrong in [
            r#"{"watch":"keys"}"#,
            r#"{"watch":"sessions","ping":1}"#,
            r#"{"ping":3,"follow":"x"}"#,
            r#"{"follow":"x"}"#,
            r#"{"ping":-1}"#,
            "{}",
            "[]",
            "3",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
