use futures::StreamExt as _;
use serde_json::Value;

use super::*;
use crate::{Gate, fresh, within};
use holt_core::session::{Limits, WorkspaceSpec};

struct Bench {
    sandboxes: FakeSandboxes,
    session: SessionId,
}

impl Bench {
    async fn new() -> Self {
        let bench = Self { sandboxes: FakeSandboxes::new(), session: fresh(SessionId::new) };
        bench.open().await;
        bench
    }

    async fn open(&self) -> bool {
        let spec = SandboxSpec {
            session: self.session,
            workspace: WorkspaceSpec::Managed,
            environment: "default".into(),
            limits: Limits::default(),
            profile: None,
            read_only: false,
            variables: std::collections::BTreeMap::new(),
        };
        self.sandboxes.open(spec).await.unwrap().found
    }

    async fn call(&self, id: CallId, only_if_known: bool) -> BoxStream<'static, CallUpdate> {
        let call = ToolCall { session: self.session, call: id, tool: "slow".into(), arguments: Value::Null };
        self.sandboxes.call(call, only_if_known).await.unwrap()
    }

    /// A tool that says "half", waits for the gate, says " whole" and succeeds.
    fn slow_tool(&self) -> Gate {
        let gate = Gate::new();
        let held = gate.clone();
        self.sandboxes.set_tool("slow", move |_, output| {
            let gate = held.clone();
            async move {
                output.write("half");
                gate.pass().await;
                output.write(" whole");
                CallOutcome::text(CallStatus::Succeeded, "done")
            }
        });
        gate
    }
}

async fn all(updates: BoxStream<'static, CallUpdate>) -> (String, Option<CallStatus>) {
    let (mut output, mut status) = (String::new(), None);
    for update in within("the end of a call", updates.collect::<Vec<_>>()).await {
        assert_eq!(status, None, "nothing comes after the end");
        match update {
            CallUpdate::Output { offset, text } => {
                assert_eq!(offset, output.len() as u64);
                output.push_str(&text);
            }
            CallUpdate::Finished(outcome) => status = Some(outcome.status),
        }
    }
    (output, status)
}

#[tokio::test]
async fn a_call_goes_on_without_listeners_and_is_taken_up_until_it_is_acknowledged() {
    let bench = Bench::new().await;
    let gate = bench.slow_tool();
    let id = fresh(CallId::new);
    let first = bench.call(id, false).await;
    within("the work", gate.reached()).await;
    drop(first);
    let second = bench.call(id, true).await;
    let third = bench.call(id, false).await;
    gate.release();
    assert_eq!(all(second).await, ("half whole".into(), Some(CallStatus::Succeeded)));
    assert_eq!(all(third).await, ("half whole".into(), Some(CallStatus::Succeeded)));
    assert_eq!(all(bench.call(id, true).await).await.1, Some(CallStatus::Succeeded));
    assert_eq!(bench.sandboxes.begun(id), 1);
    bench.sandboxes.acknowledge(bench.session, id).await.unwrap();
    assert!(bench.sandboxes.remembered(bench.session).is_empty());
    assert_eq!(all(bench.call(id, true).await).await.1, Some(CallStatus::Interrupted));
    assert_eq!(bench.sandboxes.begun(id), 1);
}

#[tokio::test]
async fn a_cancelled_call_ends_as_cancelled_and_a_late_success_changes_nothing() {
    let bench = Bench::new().await;
    let gate = bench.slow_tool();
    let id = fresh(CallId::new);
    let updates = bench.call(id, false).await;
    within("the work", gate.reached()).await;
    bench.sandboxes.cancel(bench.session, id).await.unwrap();
    gate.release();
    assert_eq!(all(updates).await.1, Some(CallStatus::Cancelled));
    assert_eq!(all(bench.call(id, true).await).await.1, Some(CallStatus::Cancelled));
}

#[tokio::test]
async fn a_lost_sandbox_forgets_its_calls_and_its_followers_hear_no_end() {
    let bench = Bench::new().await;
    let gate = bench.slow_tool();
    let id = fresh(CallId::new);
    let updates = bench.call(id, false).await;
    within("the work", gate.reached()).await;
    bench.sandboxes.lose(bench.session);
    assert_eq!(all(updates).await, ("half".into(), None));
    let call = ToolCall { session: bench.session, call: id, tool: "slow".into(), arguments: Value::Null };
    assert_eq!(bench.sandboxes.call(call, true).await.err(), Some(SandboxError::NotOpen));
    assert!(!bench.open().await, "a new one opens");
    assert_eq!(all(bench.call(id, true).await).await.1, Some(CallStatus::Interrupted));
}

#[tokio::test]
async fn faults_come_as_often_as_they_were_ordered() {
    let bench = Bench::new().await;
    let gone = SandboxError::Gone;
    bench.sandboxes.fail(Operation::Busy, 1, gone.clone());
    assert_eq!(bench.sandboxes.busy(bench.session).await, Err(gone.clone()));
    assert_eq!(bench.sandboxes.busy(bench.session).await, Ok(Vec::new()));
    bench.sandboxes.fail_always(Operation::Busy, gone.clone());
    assert_eq!(bench.sandboxes.busy(bench.session).await, Err(gone.clone()));
    assert_eq!(bench.sandboxes.busy(bench.session).await, Err(gone));
    bench.sandboxes.heal(Operation::Busy);
    assert_eq!(bench.sandboxes.busy(bench.session).await, Ok(Vec::new()));
    assert_eq!(bench.sandboxes.asked(Operation::Busy, Some(bench.session)), 5);
}
