//! Events as clients get them.

use holt_core::event::{EventBody, Seq};
use holt_core::id::SessionId;
use holt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// An immutable fact of a session. The body stays text until somebody asks for it, and a kind that this version does not
/// know is passed on like any other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    pub session: SessionId,
    pub seq: Seq,
    pub at: Timestamp,
    pub kind: String,
    pub body: Box<RawValue>,
}

impl Event {
    /// The typed body, or nothing when this version does not know the kind.
    pub fn decode(&self) -> Option<EventBody> {
        let known = EventBody::KINDS.contains(&self.kind.as_str());
        known.then(|| serde_json::from_str(&format!(r#"{{"kind":"{}","body":{}}}"#, self.kind, self.body)).ok()).flatten()
    }
}

/// The document shows the union of all kinds, so that a client's compiler knows the body from the kind.
impl PartialSchema for Event {
    fn schema() -> RefOr<Schema> {
        let place = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .property("session", SessionId::schema())
            .required("session")
            .property("seq", Seq::schema())
            .required("seq")
            .property("at", Timestamp::schema())
            .required("at");
        let event = AllOfBuilder::new()
            .item(Ref::from_schema_name("EventBody"))
            .item(place)
            .description(Some("An immutable fact of a session: its place in the log, its kind and its body."));
        Schema::AllOf(event.build()).into()
    }
}

impl ToSchema for Event {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("EventBody".into(), EventBody::schema()));
        EventBody::schemas(schemas);
    }
}

/// A page of a session's log, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    pub events: Vec<Event>,
    /// The last event that the log has by now.
    pub last_seq: Seq,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_decoded_by_its_kind() {
        let text = r#"{"session":"01920000-0000-7000-8000-000000000001","seq":2,"at":5,"kind":"session_renamed","body":{"title":"otters"}}"#;
        let event: Event = serde_json::from_str(text).unwrap();
        assert!(matches!(event.decode(), Some(EventBody::SessionRenamed(body)) if body.title == "otters"));
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }

    #[test]
    fn a_kind_from_the_future_is_passed_on() {
        let text = r#"{"session":"01920000-0000-7000-8000-000000000001","seq":2,"at":5,"kind":"moon\"_landed","body":[1, 2]}"#;
        let event: Event = serde_json::from_str(text).unwrap();
        assert!(event.decode().is_none());
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }
}
