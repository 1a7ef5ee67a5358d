//! This machine's own addresses, and the networks that it is on: read from the kernel at each time, because they change.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address::{Class, is_in, plain};

/// A route without a gateway to more than this is a way out, not a network of neighbours.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 16;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Own {
    addresses: BTreeSet<IpAddr>,
    networks: BTreeSet<(IpAddr, u8)>,
}

impl Own {
    /// Reads them.
    ///
    /// # Errors
    /// When the kernel's tables of IPv4 cannot be read: then nothing is known, and nothing may be dialled.
    pub fn read() -> io::Result<Self> {
        let mut own = Self::default();
        own.take_trie(&std::fs::read_to_string("/proc/net/fib_trie")?);
        own.take_routes(&std::fs::read_to_string("/proc/net/route")?);
        // Missing where IPv6 is switched off.
        own.take_addresses_v6(&std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default());
        own.take_routes_v6(&std::fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default());
        Ok(own)
    }

    pub fn class(&self, address: IpAddr) -> Option<Class> {
        let address = plain(address);
        if self.addresses.contains(&address) {
            return Some(Class::Own);
        }
        self.networks.iter().any(|(net, length)| is_in(address, *net, *length)).then_some(Class::Neighbour)
    }

    /// An address stands on a line of its own, and under it what it is.
    fn take_trie(&mut self, text: &str) {
        let mut last = None;
        for line in text.lines() {
            if let Some(address) = line.trim().strip_prefix("|-- ") {
                last = address.parse::<Ipv4Addr>().ok();
            } else if let Some(address) = last.filter(|_| line.contains("host LOCAL")) {
                self.addresses.insert(address.into());
            }
        }
    }

    /// Interface, destination, gateway, flags, …, mask: numbers as they lie in memory.
    fn take_routes(&mut self, text: &str) {
        let number = |text: Option<&&str>| u32::from_str_radix(text?, 16).ok().map(u32::from_be);
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (net, gateway, mask) = (number(fields.get(1)), number(fields.get(2)), number(fields.get(7)));
            let (Some(net), Some(0), Some(mask)) = (net, gateway, mask) else { continue };
            let length = mask.leading_ones() as u8;
            if length >= WIDEST_V4 {
                self.networks.insert((Ipv4Addr::from(net).into(), length));
            }
        }
    }

    /// Address, interface, length of the prefix, …
    fn take_addresses_v6(&mut self, text: &str) {
        for line in text.lines() {
            let mut fields = line.split_whitespace();
            let Some(address) = fields.next().and_then(|text| u128::from_str_radix(text, 16).ok()) else { continue };
            self.addresses.insert(Ipv6Addr::from(address).into());
            self.take_network_v6(address, fields.nth(1));
        }
    }

    /// Destination, length, source, length, next hop, …, interface.
    fn take_routes_v6(&mut self, text: &str) {
        for line in text.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| fields.get(at).and_then(|text| u128::from_str_radix(text, 16).ok());
            let (Some(net), Some(0)) = (number(0), number(4)) else { continue };
            // What is refused by the kernel leads nowhere.
            if fields.last() != Some(&"lo") {
                self.take_network_v6(net, fields.get(1).copied());
            }
        }
    }

    fn take_network_v6(&mut self, net: u128, length: Option<&str>) {
        let length = length.and_then(|text| u8::from_str_radix(text, 16).ok()).filter(|length| *length <= 128);
        if let Some(length) = length.filter(|length| *length >= WIDEST_V6) {
            self.networks.insert((Ipv6Addr::from(net).into(), length));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_addresses_and_networks_are_read_and_ways_out_are_not_taken_for_them() {
        let mut own = Own::default();
        own.take_trie(
            "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 198.41.0.0\n        /24 link UNICAST\n\
             Local:\n        |-- 198.41.0.4\n           /32 host LOCAL\n        |-- 198.41.0.255\n           /32 link BROADCAST\n",
        );
        own.take_routes(
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
             eth0\t00000000\t010029C6\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
             eth0\t000029C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
             tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n",
        );
        own.take_addresses_v6("26200fe0000000000000000000000042 02 40 00 80     eth0\n");
        own.take_routes_v6(
            "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 1 0 00000003 eth0\n\
             2a000000000000000000000000000000 30 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 1 0 00000001 eth0\n\
             00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 1 0 00200200 lo\n",
        );
        let class = |text: &str| own.class(text.parse().unwrap());
        assert_eq!(class("198.41.0.4"), Some(Class::Own));
        assert_eq!(class("::ffff:198.41.0.4"), Some(Class::Own));
        assert_eq!(class("198.41.0.9"), Some(Class::Neighbour));
        assert_eq!(class("198.41.1.9"), None);
        assert_eq!(class("1.1.1.1"), None, "a way out without a gateway is no network of neighbours");
        assert_eq!(class("2620:fe0::42"), Some(Class::Own));
        assert_eq!(class("2620:fe0::43"), Some(Class::Neighbour));
        assert_eq!(class("2a00::1"), Some(Class::Neighbour));
        assert_eq!(class("2606:4700::1"), None);
    }

    #[test]
    fn this_machine_knows_itself() {
        assert_eq!(Own::read().unwrap().class("127.0.0.1".parse().unwrap()), Some(Class::Own));
    }
}
