//! What was spent, by key and day.

use holt_core::budget::{Day, Spent};
use holt_core::id::KeyId;
use holt_core::store::{Append, Spending, SpentByKey};

use super::{Subject, append, head, key, session};

fn spent(steps: u64) -> Spent {
    Spent { steps, tokens: steps * 1000, cost_micros: steps * 7, millis: steps * 10, unpriced: steps > 3 }
}

pub async fn what_was_spent_is_counted_once_and_stays(mut subject: impl Subject) {
    let ada: KeyId = key(1, "ada").id;
    {
        let store = subject.store();
        for number in [1, 2] {
            store.create(head(number), Vec::new()).await.unwrap();
        }
        let mut last = [0, 0];
        let mut spend = async |number: usize, key: Option<KeyId>, day: Day, steps: u64| {
            let spending = Some(Spending { key, day, spent: spent(steps) });
            let next = Append { spending, ..append(session(number as u64), 1, last[number - 1], 1) };
            last[number - 1] = store.append(next).await.unwrap();
        };
        // What a session has spent by now takes the place of what it had.
        spend(1, Some(ada), 7, 1).await;
        spend(1, Some(ada), 7, 2).await;
        spend(1, Some(ada), 8, 1).await;
        spend(2, None, 8, 4).await;
        store.remove(session(1)).await.unwrap();
    }
    subject.reopen().await;
    let mut found = subject.store().spent(8).await.unwrap();
    found.sort_by_key(|line| line.key);
    let of_nobody = SpentByKey { key: None, total: spent(4), day: spent(4) };
    assert_eq!(found, [of_nobody, SpentByKey { key: Some(ada), total: spent(3), day: spent(1) }]);
    let later = subject.store().spent(9).await.unwrap();
    assert!(later.iter().all(|line| line.day == Spent::default() && line.total != Spent::default()), "{later:?}");
}
