//! How often one peer may be wrong.
//!
//! Every failed proof costs a token of the peer's bucket; an empty bucket refuses until it has filled a little. Whoever
//! proves a key is not slowed. The table is bounded: when it is full, strangers share one bucket.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many failures at once…
const BURST: f64 = 20.0;
/// …and so many a second after that.
const REFILL: f64 = 0.5;
const MAX_PEERS: usize = 10_000;
/// Where peers go for whom there is no room: an address that no peer has.
const CROWD: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[derive(Debug, Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn filled(self, now: Instant) -> Self {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * REFILL;
        Self { tokens: (self.tokens + gained).min(BURST), at: now }
    }
}

impl Throttle {
    /// Whether the peer may try. When not: how long until it may.
    pub fn check(&self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, crowded) = (place(peer), buckets.len() >= MAX_PEERS);
        let bucket = buckets.get(&key).or_else(|| buckets.get(&CROWD).filter(|_| crowded));
        let tokens = bucket.map_or(BURST, |bucket| bucket.filled(now).tokens);
        if tokens >= 1.0 { Ok(()) } else { Err(Duration::from_secs_f64((1.0 - tokens) / REFILL)) }
    }

    /// The peer was wrong.
    pub fn failed(&self, peer: IpAddr, now: Instant) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = place(peer);
        if buckets.len() >= MAX_PEERS && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| bucket.filled(now).tokens < BURST);
            if buckets.len() >= MAX_PEERS {
                key = CROWD;
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: BURST, at: now });
        *bucket = bucket.filled(now);
        bucket.tokens = (bucket.tokens - 1.0).max(0.0);
    }
}

/// One peer has one bucket, whichever of the addresses of its own network it uses.
fn place(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            if address.is_loopback() { peer } else { IpAddr::V6(Ipv6Addr::from(network)) }
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(throttle: &Throttle, peer: IpAddr, times: usize, now: Instant) {
        (0..times).for_each(|_| throttle.failed(peer, now));
    }

    #[test]
    fn a_peer_that_is_wrong_too_often_waits() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let (guesser, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        fail(&throttle, guesser, BURST as usize, start);
        let wait = throttle.check(guesser, start).unwrap_err();
        assert!(wait <= Duration::from_secs(2) && !wait.is_zero());
        assert!(throttle.check(other, start).is_ok());
        assert!(throttle.check(guesser, start + Duration::from_secs(3)).is_ok());
        fail(&throttle, guesser, 2, start + Duration::from_secs(3));
        assert!(throttle.check(guesser, start + Duration::from_secs(3)).is_err());
    }

    #[test]
    fn a_network_is_one_peer() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let at = |last: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 0, 0, 0, last));
        (0..BURST as u16).for_each(|last| throttle.failed(at(last), now));
        assert!(throttle.check(at(9999), now).is_err());
        assert!(throttle.check("::1".parse().unwrap(), now).is_ok());
        assert_eq!(place("::ffff:192.0.2.1".parse().unwrap()), place("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn the_table_stays_bounded_and_strangers_share() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..u32::try_from(MAX_PEERS).unwrap() + 500 {
            throttle.failed(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n)), now);
        }
        assert!(throttle.buckets.lock().unwrap().len() <= MAX_PEERS + 1);
        assert!(throttle.check("203.0.113.9".parse().unwrap(), now).is_err());
        // A peer that is known keeps its own bucket.
        assert!(throttle.check("10.0.0.1".parse().unwrap(), now).is_ok());
    }
}
