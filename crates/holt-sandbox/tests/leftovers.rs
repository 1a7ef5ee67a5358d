//! Sandboxes that come and go leave nothing.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;

use common::*;
use holt_core::sandbox::Sandboxes as _;
use holt_core::tool::CallStatus;

/// What the machine has that could grow.
fn machine(den: &Den) -> BTreeSet<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let mut all: BTreeSet<String> = mounts.lines().map(|line| format!("mount {line}")).collect();
    for place in ["run", "keepers", "sessions"] {
        all.extend(std::fs::read_dir(den.path(place)).unwrap().map(|entry| entry.unwrap().path().display().to_string()));
    }
    all.retain(|line| !line.ends_with("next-user-id"));
    all
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

async fn come_and_go(rounds: usize) {
    let den = Den::new();
    let first = den.open().await;
    den.driver.remove(first).await.unwrap();
    let (before, files) = (machine(&den), open_files());
    let mut succeeded = 0;
    for round in 0..rounds {
        let session = den.open().await;
        if round % 5 == 0 {
            let outcome = den.run(session, "setsid sleep 1000 & echo x > file").await;
            succeeded += usize::from(outcome.status == CallStatus::Succeeded);
        }
        let (trace, processes) = (den.trace(session), den.trace(session).processes());
        den.driver.remove(session).await.unwrap();
        assert_eq!(trace.left(&processes), Vec::<String>::new(), "round {round}");
    }
    assert_eq!(succeeded, rounds.div_ceil(5), "a test in which nothing works proves nothing");
    assert_eq!(machine(&den), before);
    eventually("descriptors are closed", async || open_files() <= files).await;
}

both! {
    async fn sandboxes_that_come_and_go_leave_nothing() {
        come_and_go(50).await;
    }
}

both! {
    async fn many_side_by_side() {
        let den = Den::new();
        let all = futures::future::join_all((0..12).map(|_| den.open())).await;
        let outcomes = futures::future::join_all(all.iter().map(|session| den.run(*session, "echo here > file"))).await;
        assert!(outcomes.iter().all(|outcome| outcome.status == CallStatus::Succeeded));
        futures::future::join_all(all.iter().map(|session| den.driver.remove(*session))).await;
        assert_eq!(std::fs::read_dir(den.path("run")).unwrap().count(), 0);
        assert_eq!(std::fs::read_dir(den.path("sessions")).unwrap().count(), 0);
    }
}
