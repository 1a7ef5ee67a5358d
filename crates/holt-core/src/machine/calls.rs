//! Which of a run's open calls may begin now.

use std::collections::BTreeSet;

use crate::id::CallId;
use crate::view::{CallStage, OpenCall};

/// Calls of one agent begin in the order in which they were proposed. Those that are safe side by side run together; any other
/// runs alone; one that waits for a human holds back all behind it, which may build on what it does. Agents that were given
/// parts of the work do not wait for each other.
pub fn startable(calls: &[OpenCall]) -> Vec<CallId> {
    let agents: BTreeSet<Option<CallId>> = calls.iter().map(|call| call.within).collect();
    let of = |agent: Option<CallId>| calls.iter().filter(move |call| call.within == agent).collect::<Vec<_>>();
    agents.into_iter().flat_map(|agent| startable_of_one(&of(agent))).collect()
}

fn startable_of_one(calls: &[&OpenCall]) -> Vec<CallId> {
    let mut running = calls.iter().any(|call| call.stage == CallStage::Running);
    let mut together = calls.iter().filter(|call| call.stage == CallStage::Running).all(|call| call.parallel);
    let mut start = Vec::new();
    for call in calls.iter().filter(|call| call.stage != CallStage::Running) {
        let may_begin = call.stage == CallStage::Ready && (!running || (together && call.parallel));
        if !may_begin {
            break;
        }
        start.push(call.id);
        running = true;
        together = call.parallel;
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Place;
    use serde_json::Value;
    use uuid::Uuid;

    fn calls(of: &[(CallStage, bool)]) -> Vec<OpenCall> {
        let call = |(at, (stage, parallel)): (usize, &(CallStage, bool))| OpenCall {
            id: CallId::new(Uuid::from_u128(at as u128)),
            tool: String::new(),
            arguments: Value::Null,
            stage: *stage,
            answer_until: None,
            question: None,
            asks: None,
            edited_by: None,
            parallel: *parallel,
            screen: false,
            place: Place::Sandbox,
            within: None,
        };
        of.iter().enumerate().map(call).collect()
    }

    #[test]
    fn calls_begin_in_order_and_only_safe_ones_together() {
        use CallStage::{Asked, Ready, Running};
        type Case<'a> = (&'a [(CallStage, bool)], &'a [u128]);
        let table: &[Case<'_>] = &[
            (&[], &[]),
            (&[(Ready, false), (Ready, false)], &[0]),
            (&[(Ready, true), (Ready, true), (Ready, false), (Ready, true)], &[0, 1]),
            (&[(Running, true), (Ready, true)], &[1]),
            (&[(Running, false), (Ready, true)], &[]),
            (&[(Running, true), (Ready, false)], &[]),
            (&[(Asked, false), (Ready, true)], &[]),
            (&[(Ready, true), (Asked, true), (Ready, true)], &[0]),
        ];
        let busy = |within: u128| {
            let mut all = calls(&[(Running, true), (Running, false), (Ready, false), (Asked, true), (Ready, true)]);
            all[1].within = Some(all[0].id);
            all[2].within = Some(CallId::new(Uuid::from_u128(within)));
            all
        };
        assert!(startable(&busy(0)).is_empty(), "what one agent runs holds its own back");
        assert_eq!(startable(&busy(9)), [CallId::new(Uuid::from_u128(2))], "and not what another wants");
        for (state, expected) in table {
            let begun: Vec<u128> = startable(&calls(state)).iter().map(|call| call.uuid().as_u128()).collect();
            assert_eq!(begun, *expected, "{state:?}");
        }
    }
}
