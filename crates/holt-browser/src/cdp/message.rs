//! What one message says.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The longest message of an error that is kept.
const MAX_ERROR: usize = 300;

/// An event of the browser, or of one session with a page or frame.
#[derive(Debug, Clone)]
pub struct Event {
    pub session: Option<String>,
    pub method: String,
    pub params: Box<RawValue>,
}

impl Event {
    /// The parameters, when they are as expected.
    pub fn read<'de, T: Deserialize<'de>>(&'de self) -> Option<T> {
        serde_json::from_str(self.params.get()).ok()
    }
}

/// Something to tell Chromium.
#[derive(Debug, Clone, PartialEq)]
pub struct Say {
    pub session: Option<String>,
    pub method: &'static str,
    pub params: Value,
}

impl Say {
    pub fn to(session: &str, method: &'static str, params: Value) -> Self {
        Self { session: Some(session.to_owned()), method, params }
    }

    pub fn to_browser(method: &'static str, params: Value) -> Self {
        Self { session: None, method, params }
    }

    pub fn encode(&self, number: u64) -> Vec<u8> {
        let mut message = json!({ "id": number, "method": self.method, "params": self.params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        bytes
    }
}

#[derive(Debug)]
pub enum Heard {
    Answer { number: u64, result: Result<Box<RawValue>, String> },
    Event(Event),
}

#[derive(Deserialize)]
struct Message<'a> {
    id: Option<u64>,
    #[serde(rename = "sessionId")]
    session: Option<String>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
}

/// Reads a message; nothing when it is not one.
pub fn read(bytes: &[u8]) -> Option<Heard> {
    let message: Message<'_> = serde_json::from_slice(bytes).ok()?;
    match (message.id, message.method) {
        (Some(number), _) => {
            let result = match (message.error, message.result) {
                (Some(mut refusal), _) => {
                    refusal.message.truncate(refusal.message.floor_char_boundary(MAX_ERROR));
                    Err(refusal.message)
                }
                (None, Some(result)) => Ok(result.to_owned()),
                (None, None) => Err("an answer without a result".into()),
            };
            Some(Heard::Answer { number, result })
        }
        (None, Some(method)) => {
            let params = message.params.map_or_else(nothing, ToOwned::to_owned);
            Some(Heard::Event(Event { session: message.session, method, params }))
        }
        (None, None) => None,
    }
}

/// The number of the answer whose beginning this is, if it is one.
pub fn number_of(head: &[u8]) -> Option<u64> {
    let digits = head.strip_prefix(b"{\"id\":")?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

fn nothing() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_refusals_and_events_are_told_apart() {
        let answer = read(br#"{"id":3,"result":{"a":1},"sessionId":"S"}"#);
        assert!(matches!(answer, Some(Heard::Answer { number: 3, result: Ok(result) }) if result.get() == r#"{"a":1}"#));
        let refused = read(br#"{"id":4,"error":{"code":-32000,"message":"No node"}}"#);
        assert!(matches!(refused, Some(Heard::Answer { number: 4, result: Err(why) }) if why == "No node"));
        let event = read(br#"{"method":"Page.x","params":{"b":2},"sessionId":"S"}"#);
        let Some(Heard::Event(event)) = event else { panic!("{event:?}") };
        assert_eq!((event.method.as_str(), event.session.as_deref()), ("Page.x", Some("S")));
        assert_eq!(event.read::<Value>().unwrap()["b"], 2);
        for nonsense in ["", "{}", "[]", "null", "{\"id\":-1}", "{\"id\":\"3\"}", "{\"method\":7}", "\u{0}"] {
            assert!(read(nonsense.as_bytes()).is_none(), "{nonsense}");
        }
    }

    #[test]
    fn the_head_of_an_answer_says_whose_it_is() {
        assert_eq!(number_of(br#"{"id":812,"result":{"nodes"#), Some(812));
        for other in [&br#"{"method":"Page"#[..], br#"{"id":"#, br#"{"id":x"#, br#"{"id":99999999999999999999999,"#] {
            assert_eq!(number_of(other), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read(&bytes), number_of(&bytes));
        }
    }
}
