//! What every decoder must stand: its stream split anywhere, cut anywhere, damaged, shuffled, and no stream at all.

use holt_core::model::{AssistantPart, ModelError, ModelEvent, ModelReply};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::decoder::{Decode, Item};

/// A decoder on trial, with a stream that has in it whatever is known and some that is not.
pub(crate) struct Trial {
    pub decoder: fn() -> Box<dyn Decode>,
    pub rich: Vec<u8>,
    /// What ends one message in the stream.
    pub end_of_message: &'static str,
    /// From which byte on the stream counts as whole, though more could come.
    pub whole_from: usize,
}

impl Trial {
    pub fn decode(&self, pieces: &[&[u8]]) -> Vec<Item> {
        let mut decoder = (self.decoder)();
        let mut items: Vec<Item> = pieces.iter().flat_map(|piece| decoder.push(piece)).collect();
        items.extend(decoder.end());
        items
    }

    /// Everything that is the same for all of them.
    pub fn run(&self) {
        self.is_the_same_wherever_it_is_split();
        self.ends_in_one_error_when_cut();
        self.says_nothing_after_its_end();
        self.takes_anything();
    }

    fn is_the_same_wherever_it_is_split(&self) {
        let whole = self.decode(&[&self.rich]);
        for at in 0..=self.rich.len() {
            assert_eq!(self.decode(&[&self.rich[..at], &self.rich[at..]]), whole, "split at {at}");
        }
        let single: Vec<&[u8]> = self.rich.chunks(1).collect();
        assert_eq!(self.decode(&single), whole);
    }

    fn ends_in_one_error_when_cut(&self) {
        for at in 0..self.whole_from {
            let items = self.decode(&[&self.rich[..at]]);
            assert_ends_once(&items);
            assert!(matches!(items.last(), Some(Err(ModelError::Malformed(_)))), "cut at {at}: {:?}", items.last());
        }
    }

    fn says_nothing_after_its_end(&self) {
        let mut bytes = self.rich.clone();
        bytes.extend(&self.rich);
        assert_ends_once(&self.decode(&[&bytes]));
        let mut decoder = (self.decoder)();
        decoder.push(&self.rich);
        decoder.end();
        assert_eq!(decoder.push(&self.rich), []);
        assert_eq!(decoder.end(), None);
    }

    fn takes_anything(&self) {
        let lines: Vec<String> =
            String::from_utf8(self.rich.clone()).unwrap().split_inclusive(self.end_of_message).map(str::to_owned).collect();
        let anything = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            (0..self.rich.len(), any::<u8>()).prop_map(|(at, byte)| {
                let mut bytes = self.rich.clone();
                bytes[at] = byte;
                bytes
            }),
            proptest::collection::vec(0..lines.len(), 0..40)
                .prop_map(|order| order.into_iter().flat_map(|at| lines[at].clone().into_bytes()).collect()),
        ];
        let cases = ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
        let tried = TestRunner::new(cases).run(&(anything, any::<prop::sample::Index>()), |(bytes, at)| {
            let at = at.index(bytes.len() + 1);
            assert_ends_once(&self.decode(&[&bytes[..at], &bytes[at..]]));
            Ok(())
        });
        tried.unwrap();
    }

    /// The reply of a stream of these messages, each a line or an event.
    pub fn reply(&self, messages: &[Value]) -> ModelReply {
        match self.last(messages) {
            Ok(ModelEvent::Done(reply)) => reply,
            other => panic!("{other:?}"),
        }
    }

    pub fn code(&self, messages: &[Value]) -> &'static str {
        match self.last(messages) {
            Err(error) => error.code(),
            other => panic!("{other:?}"),
        }
    }

    fn last(&self, messages: &[Value]) -> Item {
        let items = self.decode(&[&self.write(messages)]);
        assert_ends_once(&items);
        items.into_iter().next_back().unwrap()
    }

    fn write(&self, messages: &[Value]) -> Vec<u8> {
        let before = if self.end_of_message == "\n" { "" } else { "data: " };
        messages.iter().map(|message| format!("{before}{message}{}", self.end_of_message)).collect::<String>().into_bytes()
    }
}

/// Messages as a stream of events, with something before and after that must be left alone.
pub(crate) fn events(messages: &[Value], last: &str) -> Vec<u8> {
    let events: String = messages.iter().map(|message| format!("data: {message}\n\n")).collect();
    format!(": hello\n\n{events}{last}").into_bytes()
}

/// Text and thinking as people saw it.
pub(crate) fn shown(items: &[Item]) -> (String, String) {
    let (mut text, mut thinking) = (String::new(), String::new());
    for item in items {
        match item {
            Ok(ModelEvent::Text(more)) => text.push_str(more),
            Ok(ModelEvent::Reasoning(more)) => thinking.push_str(more),
            _ => {}
        }
    }
    (text, thinking)
}

pub(crate) fn done(items: &[Item]) -> ModelReply {
    match items.last() {
        Some(Ok(ModelEvent::Done(reply))) => reply.clone(),
        other => panic!("{other:?}"),
    }
}

fn assert_ends_once(items: &[Item]) {
    let ends = items.iter().filter(|item| matches!(item, Err(_) | Ok(ModelEvent::Done(_)))).count();
    assert_eq!(ends, 1, "{items:?}");
    assert!(matches!(items.last(), Some(Err(_) | Ok(ModelEvent::Done(_)))), "{items:?}");
}

/// A call as it stands in a reply.
pub(crate) fn call(reference: &str, tool: &str, arguments: Value) -> AssistantPart {
    AssistantPart::Call { reference: reference.into(), tool: tool.into(), arguments }
}
