//! Keys, and whether the store works at all.

use holt_core::access::KeyRecord;
use holt_core::id::OwnerId;
use holt_core::store::StoreError;
use holt_core::time::Timestamp;

use super::{Subject, key};

pub async fn a_key_is_found_by_its_hash(mut subject: impl Subject) {
    let keys = subject.keys();
    keys.add(key(1, "ada")).await.unwrap();
    keys.add(key(2, "ada")).await.unwrap();
    assert_eq!(keys.add(key(1, "eve")).await, Err(StoreError::Exists));
    assert_eq!(keys.add(KeyRecord { hash: [1; 32], ..key(3, "eve") }).await, Err(StoreError::Exists));
    assert_eq!(keys.add(KeyRecord { id: key(1, "").id, ..key(3, "eve") }).await, Err(StoreError::Exists));
    assert_eq!(keys.find([9; 32]).await, Ok(None));
    drop(keys);
    subject.reopen().await;
    assert_eq!(subject.keys().find([1; 32]).await, Ok(Some(key(1, "ada"))));
    assert_eq!(subject.keys().find([2; 32]).await, Ok(Some(key(2, "ada"))));
}

pub async fn keys_are_listed_by_owner(subject: impl Subject) {
    let keys = subject.keys();
    for (number, owner) in [(3, "ada"), (1, "bob"), (2, "ada")] {
        keys.add(key(number, owner)).await.unwrap();
    }
    let list = async |owner: Option<&str>| keys.list(owner.map(OwnerId::new)).await.unwrap();
    assert_eq!(list(Some("ada")).await, [key(2, "ada"), key(3, "ada")]);
    assert_eq!(list(Some("nobody")).await, []);
    assert_eq!(list(None).await, [key(1, "bob"), key(2, "ada"), key(3, "ada")]);
}

pub async fn a_key_is_revoked_once(subject: impl Subject) {
    let keys = subject.keys();
    let at = Timestamp::from_millis;
    keys.add(key(1, "ada")).await.unwrap();
    keys.used(key(1, "").id, at(2_000)).await.unwrap();
    // Uses may arrive out of order; the latest counts.
    keys.used(key(1, "").id, at(1_500)).await.unwrap();
    keys.revoke(key(1, "").id, at(3_000)).await.unwrap();
    // Revoked is revoked: since when does not change any more.
    keys.revoke(key(1, "").id, at(4_000)).await.unwrap();
    let found = keys.find([1; 32]).await.unwrap();
    assert_eq!(found, Some(KeyRecord { last_used_at: Some(at(2_000)), revoked_at: Some(at(3_000)), ..key(1, "ada") }));
    assert_eq!(keys.revoke(key(2, "").id, at(1)).await, Err(StoreError::NotFound));
    assert_eq!(keys.used(key(2, "").id, at(1)).await, Err(StoreError::NotFound));
}

pub async fn a_store_that_works_says_so(mut subject: impl Subject) {
    assert_eq!(subject.store().check().await, Ok(()));
    subject.reopen().await;
    assert_eq!(subject.store().check().await, Ok(()));
}
