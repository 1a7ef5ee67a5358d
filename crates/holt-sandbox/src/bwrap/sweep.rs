//! Finding and ending what earlier servers left.

use std::collections::HashSet;
use std::time::Duration;

use holt_core::id::SessionId;

use super::driver::Inner;
use super::etc;

/// When control groups without processes are nobody's any more: another server may be about to use younger ones.
const FORGOTTEN: Duration = Duration::from_secs(1800);

/// Ends keepers that no session is known for, and what dead ones left.
pub async fn sweep(inner: &Inner, known: &HashSet<SessionId>) -> usize {
    let mut ended = 0;
    for session in inner.records.all() {
        let Some(record) = inner.records.get(session) else {
            // Of another version or damaged: its keeper cannot be found by it, and ends by itself after its grace.
            let _ = inner.records.remove(session);
            continue;
        };
        let current = record.protocol == holt_keeper::protocol::PROTOCOL;
        if current && !record.prepared && known.contains(&session) {
            // Alive, it is taken over; dead, this clears up.
            ended += usize::from(inner.find(session).await.is_err());
            continue;
        }
        ended += 1;
        if inner.close(session).await.is_err() || !current {
            inner.clean_up(record, false).await;
        }
    }
    let places = inner.places.clone();
    let left = inner.records.all().into_iter().filter_map(|session| inner.records.get(session));
    let kept: HashSet<String> = left.map(|record| record.keeper).collect();
    // A sandbox of an earlier server may still use an older one.
    let cgroups = inner.machine().await.ok().and_then(|machine| machine.cgroups.clone());
    let used = if kept.is_empty() { inner.machine().await.ok().map(|machine| machine.etc.clone()) } else { None };
    let _ = tokio::task::spawn_blocking(move || {
        places.remove_prepared();
        places.remove_sockets_but(&kept);
        if let Some(cgroups) = cgroups {
            cgroups.remove_stale(FORGOTTEN);
        }
        if let Some(used) = used {
            etc::remove_others(&places.etc(), &used);
        }
    })
    .await;
    ended
}
