//! The rows of keys. What is stored is the record as JSON, with the columns that it is found by beside it.

use holt_core::access::KeyRecord;
use holt_core::id::{KeyId, OwnerId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::fault::{Fault, Outcome};

/// Adds a key. Says no when the id or the hash is taken.
pub(super) fn insert(db: &Connection, key: &KeyRecord) -> Outcome<bool> {
    let record = encode(key)?;
    let sql = "INSERT INTO keys (id, hash, owner, created_at, crc32c, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO NOTHING";
    let id = key.id.uuid();
    let row = params![
        id.as_bytes(),
        key.hash,
        key.owner.as_str(),
        key.created_at.as_millis(),
        crc32c::crc32c(record.as_bytes()),
        record,
    ];
    Ok(db.prepare_cached(sql)?.execute(row)? == 1)
}

/// Changes a stored key. Says no when there is none.
pub(super) fn change(db: &Connection, key: KeyId, change: impl FnOnce(&mut KeyRecord)) -> Outcome<bool> {
    let sql = "SELECT record, crc32c FROM keys WHERE id = ?1";
    let Some(mut found) = one(db, sql, key.uuid().as_bytes())? else { return Ok(false) };
    change(&mut found);
    let record = encode(&found)?;
    let sql = "UPDATE keys SET crc32c = ?2, record = ?3 WHERE id = ?1";
    let sum = crc32c::crc32c(record.as_bytes());
    Ok(db.prepare_cached(sql)?.execute(params![key.uuid().as_bytes(), sum, record])? == 1)
}

pub(super) fn find(db: &Connection, hash: &[u8; 32]) -> Outcome<Option<KeyRecord>> {
    let found = one(db, "SELECT record, crc32c FROM keys WHERE hash = ?1", hash)?;
    match found {
        // A column that leads to another key's record would let the wrong person in.
        Some(key) if key.hash != *hash => Err(Fault::Damaged(format!("key {}", key.id))),
        found => Ok(found),
    }
}

/// Oldest first.
pub(super) fn list(db: &Connection, owner: Option<&OwnerId>) -> Outcome<Vec<KeyRecord>> {
    let sql = "SELECT record, crc32c FROM keys WHERE ?1 IS NULL OR owner = ?1 ORDER BY created_at, id";
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query([owner.map(OwnerId::as_str)])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(decode(row)?);
    }
    Ok(keys)
}

fn one(db: &Connection, sql: &str, by: &[u8]) -> Outcome<Option<KeyRecord>> {
    db.prepare_cached(sql)?.query_row([by], |row| Ok(decode(row))).optional()?.transpose()
}

fn encode(key: &KeyRecord) -> Outcome<String> {
    serde_json::to_string(key).map_err(|error| Fault::Other(error.to_string()))
}

fn decode(row: &Row<'_>) -> Outcome<KeyRecord> {
    let damaged = || Fault::Damaged("the record of a key".into());
    let record = row.get_ref(0)?.as_str().map_err(|_| damaged())?;
    if crc32c::crc32c(record.as_bytes()) != row.get::<_, u32>(1)? {
        return Err(damaged());
    }
    serde_json::from_str(record).map_err(|_| damaged())
}
