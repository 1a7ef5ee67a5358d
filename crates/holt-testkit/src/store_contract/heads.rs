//! Lists, counts, and the sessions that want attention.

use holt_core::id::{OwnerId, SessionId};
use holt_core::session::{SessionKind, Status};
use holt_core::store::{Append, Head, HeadCursor, HeadQuery, Store};
use holt_core::time::Timestamp;

use super::{Subject, append, head, session};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn query(limit: usize) -> HeadQuery {
    HeadQuery { limit, ..HeadQuery::default() }
}

async fn listed(store: &dyn Store, query: HeadQuery) -> Vec<SessionId> {
    store.heads(query).await.unwrap().iter().map(|stored| stored.head.session).collect()
}

async fn change(store: &dyn Store, head: Head) {
    store.append(Append { head: Some(head.clone()), ..append(head.session, 1, 0, 0) }).await.unwrap();
}

pub async fn lists_show_the_newest_first(subject: impl Subject) {
    let store = subject.store();
    for (number, updated_at) in [(1, 50), (2, 70), (3, 60), (4, 60)] {
        store.create(Head { updated_at: at(updated_at), ..head(number) }, Vec::new()).await.unwrap();
    }
    assert_eq!(listed(&*store, query(10)).await, [session(2), session(4), session(3), session(1)]);
    assert_eq!(listed(&*store, query(2)).await, [session(2), session(4)]);
    assert_eq!(listed(&*store, query(0)).await, []);
    change(&*store, Head { updated_at: at(80), ..head(1) }).await;
    assert_eq!(listed(&*store, query(2)).await, [session(1), session(2)]);
}

pub async fn lists_are_filtered(subject: impl Subject) {
    let store = subject.store();
    let heads = [
        Head { title: "Otters & Rivers".into(), owner: OwnerId::new("ada"), ..head(1) },
        Head { title: "100% done_".into(), status: Status::Running, kind: SessionKind::Task, ..head(2) },
        Head { title: "GRÜSSE aus Köln".into(), origin: "pocket".into(), status: Status::Ended, ..head(3) },
        Head { title: "".into(), owner: OwnerId::new("ada"), kind: SessionKind::Project, ..head(4) },
    ];
    for head in &heads {
        store.create(head.clone(), Vec::new()).await.unwrap();
    }
    let text = |text: &str| HeadQuery { text: Some(text.into()), ..query(10) };
    let cases = [
        ("owner", HeadQuery { owner: Some(OwnerId::new("ada")), ..query(10) }, vec![4, 1]),
        ("another owner", HeadQuery { owner: Some(OwnerId::new("ad")), ..query(10) }, vec![]),
        ("origin", HeadQuery { origin: Some("pocket".into()), ..query(10) }, vec![3]),
        ("status", HeadQuery { status: vec![Status::Running, Status::Ended], ..query(10) }, vec![3, 2]),
        ("any case", text("otters"), vec![1]),
        ("any case beyond ASCII", text("grüsse AUS kÖ"), vec![3]),
        ("no wildcard", text("%"), vec![2]),
        ("no wildcard either", text("_"), vec![2]),
        ("no SQL", text("' OR 1=1 --"), vec![]),
        ("all at once", HeadQuery { owner: Some(OwnerId::new("ada")), status: vec![Status::Idle], ..text("r") }, vec![1]),
    ];
    for (what, query, expected) in cases {
        let expected: Vec<_> = expected.into_iter().map(session).collect();
        assert_eq!(listed(&*store, query).await, expected, "{what}");
    }
    let whole = store.heads(query(10)).await.unwrap();
    let expected: Vec<_> = heads.iter().rev().collect();
    assert_eq!(whole.iter().map(|stored| &stored.head).collect::<Vec<_>>(), expected);
}

/// Whoever pages through a list sees each session that stays as it is exactly once, whatever the others do meanwhile.
pub async fn lists_are_paged_while_sessions_come_and_go(subject: impl Subject) {
    let store = subject.store();
    for number in 1..=30 {
        // Three at a time share an instant.
        let updated_at = at(100 + i64::try_from(number / 3).unwrap());
        store.create(Head { updated_at, ..head(number) }, Vec::new()).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    for turn in 0_u64.. {
        let page = store.heads(HeadQuery { cursor, ..query(4) }).await.unwrap();
        let Some(last) = page.last().map(|stored| &stored.head) else { break };
        cursor = Some(HeadCursor { updated_at: last.updated_at, session: last.session });
        seen.extend(page.iter().map(|stored| stored.head.session));
        // One comes, one goes that was listed, one moves up that was not.
        let new = Head { updated_at: at(500), ..head(100 + turn) };
        store.create(new, Vec::new()).await.unwrap();
        store.remove(page[0].head.session).await.unwrap();
        change(&*store, Head { updated_at: at(600), ..head(turn + 1) }).await;
    }
    let moved: Vec<_> = (1..=30).map(session).filter(|id| !seen.contains(id)).collect();
    let unique = seen.iter().collect::<std::collections::HashSet<_>>().len();
    assert_eq!(unique, seen.len(), "a session was listed twice");
    assert!(moved.iter().all(|id| (1..=9).map(session).any(|moved| moved == *id)), "sessions were left out: {moved:?}");
}

pub async fn sessions_are_counted_by_status(subject: impl Subject) {
    let store = subject.store();
    assert_eq!(store.counts(None).await.unwrap(), []);
    let statuses = [Status::Idle, Status::Idle, Status::Failed, Status::Running];
    for (status, number) in statuses.into_iter().zip(1..) {
        let owner = OwnerId::new(if number == 2 { "ada" } else { "owner" });
        store.create(Head { status, owner, ..head(number) }, Vec::new()).await.unwrap();
    }
    let count = async |owner: Option<&str>| store.counts(owner.map(OwnerId::new)).await.unwrap();
    assert_eq!(count(None).await, [(Status::Idle, 2), (Status::Running, 1), (Status::Failed, 1)]);
    assert_eq!(count(Some("ada")).await, [(Status::Idle, 1)]);
    assert_eq!(count(Some("nobody")).await, []);
    store.remove(session(4)).await.unwrap();
    change(&*store, Head { status: Status::Ended, ..head(1) }).await;
    assert_eq!(count(Some("owner")).await, [(Status::Ended, 1), (Status::Failed, 1)]);
}

pub async fn unfinished_sessions_are_found(mut subject: impl Subject) {
    for number in 1..=4 {
        subject.store().create(Head { unfinished: number % 2 == 0, ..head(number) }, Vec::new()).await.unwrap();
    }
    change(&*subject.store(), Head { unfinished: true, ..head(1) }).await;
    change(&*subject.store(), Head { unfinished: false, ..head(2) }).await;
    subject.reopen().await;
    let mut unfinished = subject.store().unfinished().await.unwrap();
    unfinished.sort();
    assert_eq!(unfinished, [session(1), session(4)]);
}

pub async fn sessions_are_due_in_order(subject: impl Subject) {
    let store = subject.store();
    assert_eq!(store.next_due().await.unwrap(), None);
    for (number, wake_at) in [(1, Some(300)), (2, None), (3, Some(100)), (4, Some(200))] {
        store.create(Head { wake_at: wake_at.map(at), ..head(number) }, Vec::new()).await.unwrap();
    }
    assert_eq!(store.next_due().await.unwrap(), Some(at(100)));
    assert_eq!(store.due(at(99), 10).await.unwrap(), []);
    assert_eq!(store.due(at(200), 10).await.unwrap(), [session(3), session(4)]);
    assert_eq!(store.due(at(1_000), 2).await.unwrap(), [session(3), session(4)]);
    change(&*store, Head { wake_at: None, ..head(3) }).await;
    change(&*store, Head { wake_at: Some(at(50)), ..head(2) }).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(50)));
    assert_eq!(store.due(at(1_000), 10).await.unwrap(), [session(2), session(4), session(1)]);
}
