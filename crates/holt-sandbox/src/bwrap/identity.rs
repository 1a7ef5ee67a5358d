//! User ids for sessions, when Holt runs as root: each session has one of its own, which no account on the machine has.
//!
//! Ids are given from 1,700,000,000 on, each data directory beginning at a place of its own; in a container that maps fewer
//! ids, from the upper end of those that it has. The next one is on record before it is used. A session keeps its id: its
//! home belongs to it.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;

use holt_keeper::spec::Identity;

const FIRST: u32 = 1_700_000_000;
/// How many data directories begin apart from each other, and by how much.
const PLACES: u32 = 4096;
const APART: u32 = 65_536;
/// How many ids are put on record at a time.
const BLOCK: u32 = 64;
/// How many ids are used of a range that is too small for more.
const SMALL: u32 = 4096;

/// Gives ids that were not given before.
#[derive(Debug)]
pub struct Identities {
    record: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    next: u32,
    recorded: u32,
}

impl Identities {
    pub fn open(record: PathBuf) -> io::Result<Self> {
        let next = match fs::read_to_string(&record) {
            Ok(text) => text.trim().parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a user id"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                first(&fs::read_to_string("/proc/self/uid_map")?, rand::random::<u32>())?
            }
            Err(error) => return Err(error),
        };
        Ok(Self { record, state: Mutex::new(State { next, recorded: next }) })
    }

    pub fn next(&self) -> io::Result<Identity> {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.next >= state.recorded {
            let recorded = state.next.saturating_add(BLOCK);
            fs::write(&self.record, recorded.to_string())?;
            state.recorded = recorded;
        }
        let id = state.next;
        state.next += 1;
        Ok(Identity { uid: id, gid: id })
    }
}

/// Where to begin, by what ids there are.
fn first(map: &str, random: u32) -> io::Result<u32> {
    let ranges: Vec<(u64, u64)> = map
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_ascii_whitespace().map(str::parse::<u64>);
            let (first, _, count) = (numbers.next()?.ok()?, numbers.next()?, numbers.next()?.ok()?);
            Some((first, first.saturating_add(count)))
        })
        .collect();
    let wanted = u64::from(FIRST) + u64::from(random % PLACES) * u64::from(APART);
    if ranges.iter().any(|(from, to)| *from <= wanted && wanted + u64::from(APART) <= *to) {
        return u32::try_from(wanted).map_err(io::Error::other);
    }
    let largest = ranges.iter().max_by_key(|(from, to)| to - from).filter(|(from, to)| to - from > 2 * u64::from(SMALL));
    let (_, to) = largest.ok_or_else(|| io::Error::other("this container has no user ids to spare for sessions"))?;
    u32::try_from(to - u64::from(SMALL)).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_given_twice_also_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let record = directory.path().join("next");
        let mut given = std::collections::BTreeSet::new();
        for _ in 0..3 {
            let identities = Identities::open(record.clone()).unwrap();
            for _ in 0..100 {
                let identity = identities.next().unwrap();
                assert!(identity.uid >= 61_440 && identity.uid == identity.gid);
                assert!(given.insert(identity.uid));
            }
        }
    }

    #[test]
    fn a_container_s_ids_are_kept_to() {
        assert_eq!(first("0 0 4294967295", 3).unwrap(), FIRST + 3 * APART);
        assert_eq!(first("0 100000 65536", 3).unwrap(), 65_536 - SMALL);
        assert!(first("0 1000 1", 3).is_err());
    }
}
