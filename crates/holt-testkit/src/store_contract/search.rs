//! Searching what was said.

use holt_core::event::{Event, EventBody, PromptQueued, WhenBusy};
use holt_core::id::{OwnerId, PromptId, SessionId};
use holt_core::search::{Found, SearchQuery};
use holt_core::store::{Head, Store};
use holt_core::time::Timestamp;
use uuid::Uuid;

use super::{Subject, append, head, session};
use crate::within;

fn said(session: SessionId, seq: u64, text: &str) -> Event {
    let body: EventBody = PromptQueued {
        prompt: PromptId::new(Uuid::from_u128(u128::from(seq))),
        text: text.into(),
        attachments: Vec::new(),
        when_busy: WhenBusy::Queue,
        by: "ada".into(),
    }
    .into();
    Event::new(session, seq, 1, Timestamp::from_millis(1000 + i64::try_from(seq).unwrap_or(0)), &body)
}

async fn found(store: &dyn Store, owner: Option<&str>, text: &str) -> Vec<Found> {
    let query = SearchQuery { owner: owner.map(OwnerId::new), text: text.into(), limit: 10 };
    store.search(query).await.unwrap()
}

async fn places(store: &dyn Store, owner: Option<&str>, text: &str) -> Vec<(SessionId, u64)> {
    found(store, owner, text).await.into_iter().map(|found| (found.session, found.seq)).collect()
}

pub async fn what_was_said_is_found_by_whom_it_belongs_to(mut subject: impl Subject) {
    let store = subject.store();
    for (number, owner) in [(1, "ada"), (2, "bob")] {
        let head = Head { owner: OwnerId::new(owner), title: format!("of {owner}"), ..head(number) };
        store.create(head, Vec::new()).await.unwrap();
        let texts = ["Build a dam of Küstenkiefer, please", "and tell the otters' secret"];
        let events = (1..).zip(texts).map(|(seq, text)| said(session(number), seq, text)).collect();
        let add = append(session(number), 1, 0, 0);
        store.append(holt_core::store::Append { events, ..add }).await.unwrap();
    }
    let both = [(session(1), 1), (session(2), 1)];
    let sorted = |mut places: Vec<(SessionId, u64)>| {
        places.sort();
        places
    };
    // At once, and when it has been put away, and after a restart: wherever it stands by then.
    assert_eq!(places(&*store, Some("ada"), "küstenk DAM").await, [(session(1), 1)]);
    drop(store);
    for _ in 0..2 {
        let store = subject.store();
        let all = async {
            while sorted(places(&*store, None, "dam").await) != both {
                tokio::task::yield_now().await;
            }
        };
        within("what was said to be found", all).await;
        drop(store);
        subject.reopen().await;
    }
    let store = subject.store();
    let one = found(&*store, Some("bob"), "secret").await;
    assert_eq!((one[0].title.as_str(), one[0].kind.as_str()), ("of bob", "prompt_queued"));
    assert_eq!(one[0].excerpt, "and tell the otters' secret");
    for (owner, text) in [(Some("eve"), "dam"), (None, "dam secret"), (None, "\" OR *"), (None, "")] {
        assert_eq!(places(&*store, owner, text).await, [], "{text}");
    }
    store.remove(session(1)).await.unwrap();
    assert_eq!(places(&*store, None, "dam").await, [(session(2), 1)]);
}
