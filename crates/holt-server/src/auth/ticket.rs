//! Tickets: they let one request through that cannot carry a key in a header.
//!
//! A ticket works once, within a minute, for exactly the verb and the target that it was made for, with the scopes of
//! whoever asked for it. A wrong use spends it too. They live in memory and are bounded in number.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holt_core::time::Timestamp;

use super::keyring::Proved;
use super::secret::{self, Hash};

pub(crate) const LIFE: Duration = Duration::from_secs(60);
const MAX_TICKETS: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Tickets {
    open: Mutex<HashMap<Hash, Open>>,
}

#[derive(Debug)]
struct Open {
    verb: String,
    target: String,
    until: Timestamp,
    proved: Proved,
}

/// There are too many tickets that nobody uses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Tickets {
    pub fn make(&self, proved: Proved, verb: &str, target: &str, now: Timestamp) -> Result<(String, Timestamp), TooMany> {
        let mut open = self.lock();
        if open.len() >= MAX_TICKETS {
            open.retain(|_, ticket| now < ticket.until);
        }
        if open.len() >= MAX_TICKETS {
            return Err(TooMany);
        }
        let (ticket, until) = (secret::new_token(), now.plus(LIFE));
        let (verb, target) = (verb.to_owned(), target.to_owned());
        open.insert(secret::hash(&ticket), Open { verb, target, until, proved });
        Ok((ticket, until))
    }

    /// Spends a ticket. Whoever shows it is who asked for it, if this is the request that it is for.
    pub fn spend(&self, ticket: &str, verb: &str, target: &str, now: Timestamp) -> Option<Proved> {
        let open = self.lock().remove(&secret::hash(ticket))?;
        let fits = now < open.until && open.verb == verb && open.target == target;
        (fits && !open.proved.lease.is_over(now)).then_some(open.proved)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Hash, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the ticket out of a query: the ticket, and the query without it, the rest as it was and in its order.
pub(crate) fn split_query(query: &str) -> (Option<&str>, String) {
    let mut ticket = None;
    let mut rest = String::with_capacity(query.len());
    for pair in query.split('&') {
        match pair.strip_prefix("ticket=") {
            Some(value) if ticket.is_none() => ticket = Some(value),
            Some(_) => {}
            None => {
                if !rest.is_empty() {
                    rest.push('&');
                }
                rest.push_str(pair);
            }
        }
    }
    (ticket, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use holt_core::access::{Principal, Scope};
    use holt_core::id::OwnerId;
    use proptest::prelude::*;

    fn proved() -> Proved {
        Proved::lasting(Principal {
            owner: OwnerId::new("o"),
            name: "n".into(),
            scopes: vec![Scope::View],
            key: None,
            rules: None,
        })
    }

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn made(tickets: &Tickets) -> String {
        tickets.make(proved(), "GET", "/v2/feed", NOW).unwrap().0
    }

    #[test]
    fn a_ticket_works_once_for_what_it_was_made_for() {
        let tickets = Tickets::default();
        let ticket = made(&tickets);
        assert!(tickets.spend(&ticket, "GET", "/v2/feed", NOW).is_some());
        assert!(tickets.spend(&ticket, "GET", "/v2/feed", NOW).is_none());
        let late = NOW.plus(LIFE);
        for (verb, target, at) in [("POST", "/v2/feed", NOW), ("GET", "/v2/feed?x=1", NOW), ("GET", "/v2/feed", late)] {
            let ticket = made(&tickets);
            assert!(tickets.spend(&ticket, verb, target, at).is_none(), "{verb} {target}");
            assert!(tickets.spend(&ticket, "GET", "/v2/feed", NOW).is_none(), "a wrong use spends it");
        }
        assert!(tickets.spend("", "GET", "/v2/feed", NOW).is_none());
    }

    #[test]
    fn their_number_is_bounded_and_old_ones_make_room() {
        let tickets = Tickets::default();
        (0..MAX_TICKETS).for_each(|_| drop(made(&tickets)));
        assert_eq!(tickets.make(proved(), "GET", "/v2/feed", NOW).unwrap_err(), TooMany);
        assert!(tickets.make(proved(), "GET", "/v2/feed", NOW.plus(LIFE)).is_ok());
    }

    #[test]
    fn a_ticket_leaves_the_query_as_it_was() {
        assert_eq!(split_query("ticket=abc"), (Some("abc"), String::new()));
        assert_eq!(split_query("path=a%26b&ticket=abc&inline=true"), (Some("abc"), "path=a%26b&inline=true".into()));
        assert_eq!(split_query("path=x"), (None, "path=x".into()));
        assert_eq!(split_query("ticket=a&ticket=b"), (Some("a"), String::new()));
        assert_eq!(split_query("myticket=a"), (None, "myticket=a".into()));
    }

    proptest! {
        #[test]
        fn no_ticket_is_left_in_a_query(query in "[a-z=&%]{0,20}(&ticket=[a-z]{0,4}){0,3}") {
            let (_, rest) = split_query(&query);
            prop_assert!(!rest.split('&').any(|pair| pair.starts_with("ticket=")));
        }
    }
}
