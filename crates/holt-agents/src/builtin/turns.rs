//! Keeps the calls of a conversation in order: every call has a name of its own, and every call has a result.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use holt_core::id::CallId;
use holt_core::model::{AssistantPart, CallResult, Turn};
use holt_core::tool::{CallStatus, ToolContent};
use serde_json::Value;

use super::standing::is_usable;

/// The most calls that one answer may make.
pub const MAX_CALLS: usize = 64;

/// Gives each call of an answer a name that no other call of it has. Results find their call by it.
pub fn with_own_names(mut parts: Vec<AssistantPart>) -> Vec<AssistantPart> {
    let mut taken = BTreeSet::new();
    for part in &mut parts {
        let AssistantPart::Call { reference, .. } = part else { continue };
        let mut number = 1;
        let mut name = reference.clone();
        while name.is_empty() || taken.contains(&name) {
            number += 1;
            name = format!("{reference}-{number}");
        }
        taken.insert(name.clone());
        *reference = name;
    }
    parts
}

/// An id for each call that is to be made, by its name. Broken calls, and those beyond the most, get none and are not made.
pub fn ids(parts: &[AssistantPart], mut fresh: impl FnMut() -> CallId) -> BTreeMap<String, CallId> {
    let made = parts.iter().filter_map(|part| match part {
        AssistantPart::Call { reference, arguments, .. } if is_usable(arguments) => Some(reference.clone()),
        _ => None,
    });
    made.take(MAX_CALLS).map(|reference| (reference, fresh())).collect()
}

/// Answers the calls that were not made, so that the model learns why and no call stands without a result.
pub fn with_all_results(turns: Vec<Turn>) -> Vec<Turn> {
    let mut whole = Vec::with_capacity(turns.len() + 1);
    let mut turns = turns.into_iter().peekable();
    while let Some(turn) = turns.next() {
        let calls = calls(&turn);
        whole.push(turn);
        if calls.is_empty() {
            continue;
        }
        let known = match turns.next_if(|turn| matches!(turn, Turn::Results { .. })) {
            Some(Turn::Results { results }) => results,
            _ => Vec::new(),
        };
        let mut known: HashMap<String, CallResult> = known.into_iter().map(|result| (result.reference.clone(), result)).collect();
        let result =
            |(reference, usable): (String, bool)| known.remove(&reference).unwrap_or_else(|| not_made(reference, usable));
        whole.push(Turn::Results { results: calls.into_iter().map(result).collect() });
    }
    whole
}

fn calls(turn: &Turn) -> Vec<(String, bool)> {
    let Turn::Assistant { parts } = turn else { return Vec::new() };
    let call = |part: &AssistantPart| match part {
        AssistantPart::Call { reference, arguments, .. } => Some((reference.clone(), is_usable(arguments))),
        _ => None,
    };
    parts.iter().filter_map(call).collect()
}

fn not_made(reference: String, usable: bool) -> CallResult {
    let text = if usable {
        format!("Nothing was run: one answer may make at most {MAX_CALLS} calls. Make this one in the next.")
    } else {
        "Nothing was run: the arguments of this call did not arrive whole. An answer has a longest length, and long arguments \
         can pass it. Make the call again, in smaller parts."
            .to_owned()
    };
    CallResult { reference, content: vec![ToolContent::Text { text }], status: CallStatus::Failed }
}

/// Broken arguments are of no use to anybody later.
pub fn without_broken_arguments(mut parts: Vec<AssistantPart>) -> Vec<AssistantPart> {
    for part in &mut parts {
        if let AssistantPart::Call { arguments, .. } = part
            && !is_usable(arguments)
        {
            *arguments = Value::Null;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(reference: &str, arguments: Value) -> AssistantPart {
        AssistantPart::Call { reference: reference.into(), tool: "look".into(), arguments }
    }

    fn names(parts: &[AssistantPart]) -> Vec<String> {
        let name = |part: &AssistantPart| match part {
            AssistantPart::Call { reference, .. } => reference.clone(),
            _ => String::new(),
        };
        parts.iter().map(name).collect()
    }

    #[test]
    fn calls_get_names_of_their_own() {
        let parts = ["a", "a", "", "", "a-2"].map(|name| call(name, json!({}))).to_vec();
        assert_eq!(names(&with_own_names(parts)), ["a", "a-2", "-2", "-3", "a-2-2"]);
    }

    #[test]
    fn every_call_has_one_result_in_its_place() {
        let result = |reference: &str| CallResult { reference: reference.into(), content: vec![], status: CallStatus::Succeeded };
        let turns = vec![
            Turn::Assistant { parts: vec![call("a", Value::Null), call("b", json!({})), call("c", json!("{\"cut"))] },
            Turn::Results { results: vec![result("b")] },
            Turn::Assistant { parts: vec![call("a", Value::Null)] },
            Turn::User { content: vec![] },
            Turn::Assistant { parts: vec![] },
        ];
        let whole = with_all_results(turns);
        let results = |turn: &Turn| match turn {
            Turn::Results { results } => {
                results.iter().map(|result| format!("{}{}", result.reference, result.is_error())).collect()
            }
            _ => Vec::new(),
        };
        assert_eq!(whole.len(), 6);
        assert_eq!(results(&whole[1]), ["atrue", "bfalse", "ctrue"]);
        assert_eq!(results(&whole[3]), ["atrue"]);
    }

    #[test]
    fn only_so_many_calls_are_made() {
        let parts: Vec<_> = (0..MAX_CALLS + 5).map(|number| call(&number.to_string(), json!({}))).collect();
        assert_eq!(ids(&parts, || CallId::new(uuid::Uuid::nil())).len(), MAX_CALLS);
        assert_eq!(ids(&[call("a", Value::Null)], || CallId::new(uuid::Uuid::nil())).len(), 0);
    }
}
