//! The rows of what was spent. Each is what one session has spent on one day, so that writing it again changes nothing.

use holt_core::budget::{Day, Spent};
use holt_core::id::{KeyId, SessionId};
use holt_core::store::{Spending, SpentByKey};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::fault::{Fault, Outcome};
use super::sessions::{signed, unsigned};

pub(super) fn note(db: &Connection, session: SessionId, spending: &Spending) -> Outcome<()> {
    let sql = "INSERT OR REPLACE INTO spending (key, day, session, steps, tokens, cost_micros, millis, unpriced)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let Spending { key, day, spent } = spending;
    let key = key.map(|key| key.uuid().as_bytes().to_vec()).unwrap_or_default();
    db.prepare_cached(sql)?.execute(params![
        key,
        day,
        session.uuid().as_bytes(),
        signed(spent.steps),
        signed(spent.tokens),
        signed(spent.cost_micros),
        signed(spent.millis),
        spent.unpriced,
    ])?;
    Ok(())
}

/// By key: all of it, and what was spent on this day.
pub(super) fn of_day(db: &Connection, day: Day) -> Outcome<Vec<SpentByKey>> {
    let sql = "SELECT key, total(steps), total(tokens), total(cost_micros), total(millis), max(unpriced),
            total(steps) FILTER (WHERE day = ?1), total(tokens) FILTER (WHERE day = ?1),
            total(cost_micros) FILTER (WHERE day = ?1), total(millis) FILTER (WHERE day = ?1),
            coalesce(max(unpriced) FILTER (WHERE day = ?1), 0)
        FROM spending GROUP BY key";
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query([day])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(SpentByKey { key: key(row)?, total: spent(row, 1)?, day: spent(row, 6)? });
    }
    Ok(all)
}

fn key(row: &Row<'_>) -> Outcome<Option<KeyId>> {
    let bytes: Vec<u8> = row.get(0)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let uuid = Uuid::from_slice(&bytes).map_err(|_| Fault::Damaged("the key of what was spent".into()))?;
    Ok(Some(KeyId::new(uuid)))
}

/// The sums are of numbers far below what a float holds exactly, and never overflow.
fn spent(row: &Row<'_>, from: usize) -> Outcome<Spent> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    let number = |column: usize| -> Outcome<u64> { unsigned(row.get::<_, f64>(from + column)?.round() as i64) };
    Ok(Spent { steps: number(0)?, tokens: number(1)?, cost_micros: number(2)?, millis: number(3)?, unpriced: row.get(from + 4)? })
}
