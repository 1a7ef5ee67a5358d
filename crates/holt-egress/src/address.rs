//! Which addresses are public: the internet's own, where a sandbox may go when its policy lets it.
//!
//! Everything else is refused: what leads back to this machine, to its neighbours, or to nobody. IPv6 is public only within
//! what has been given out, and an address that carries one of IPv4 inside is judged by that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not a public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    Loopback,
    Private,
    CarrierGrade,
    LinkLocal,
    /// Where clouds tell a machine its secrets.
    Metadata,
    Multicast,
    Documentation,
    Benchmark,
    Reserved,
    /// It is this machine's own.
    Own,
    /// It is on a network that this machine is on.
    Neighbour,
}

impl Class {
    /// What it is, as the end of "it leads to …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Loopback => "the machine that Holt runs on",
            Self::Private => "a private network",
            Self::CarrierGrade => "a provider's inner network",
            Self::LinkLocal => "the local network",
            Self::Metadata => "the metadata service of a cloud",
            Self::Multicast => "many machines at once",
            Self::Documentation | Self::Benchmark | Self::Reserved => "an address that is no public host's",
            Self::Own => "the machine that Holt runs on",
            Self::Neighbour => "a network that the machine of Holt is on",
        }
    }
}

use Class::{Benchmark, CarrierGrade, Documentation, LinkLocal, Loopback, Metadata, Multicast, Private, Reserved};

/// The first that fits holds.
const IPV4: [(Ipv4Addr, u8, Class); 22] = [
    (Ipv4Addr::new(169, 254, 169, 254), 32, Metadata),
    (Ipv4Addr::new(169, 254, 170, 2), 32, Metadata),
    (Ipv4Addr::new(100, 100, 100, 200), 32, Metadata),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Metadata),
    (Ipv4Addr::new(192, 0, 0, 192), 32, Metadata),
    (Ipv4Addr::new(0, 0, 0, 0), 8, Reserved),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, CarrierGrade),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Documentation),
    (Ipv4Addr::new(192, 31, 196, 0), 24, Reserved),
    (Ipv4Addr::new(192, 52, 193, 0), 24, Reserved),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Benchmark),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Reserved),
];

/// The first that fits holds; what none fits is reserved.
const IPV6: [(Ipv6Addr, u8, Option<Class>); 15] = [
    (Ipv6Addr::LOCALHOST, 128, Some(Loopback)),
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, Some(Metadata)),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, Some(Metadata)),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Some(Private)),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Some(LinkLocal)),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Some(Private)),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Some(Multicast)),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, Some(Benchmark)),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Some(Documentation)),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Some(Documentation)),
    // Tunnels and other protocols: 2001::/32 and 2002::/16 carry addresses of IPv4 that others would route to.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Some(Reserved)),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Some(Reserved)),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, Some(Reserved)),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, Some(Reserved)),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, None),
];

const TRANSLATED: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);

/// Why an address is not public; none when it is.
pub fn class(address: IpAddr) -> Option<Class> {
    match plain(address) {
        IpAddr::V4(address) => IPV4.iter().find(|(net, length, _)| is_in_v4(address, *net, *length)).map(|(_, _, class)| *class),
        IpAddr::V6(address) if is_in_v6(address, TRANSLATED, 96) => class(embedded(address).into()),
        // A host identifier that carries an address of IPv4, which a tunnel on this machine would take to there.
        IpAddr::V6(address) if is_tunnelled(address) => class(embedded(address).into()).or(Some(Reserved)),
        IpAddr::V6(address) => {
            IPV6.iter().find(|(net, length, _)| is_in_v6(address, *net, *length)).map_or(Some(Reserved), |(_, _, class)| *class)
        }
    }
}

/// An address of IPv4 that is written as one of IPv6, as what it is.
pub fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn embedded(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

/// ISATAP: `…:0:5efe:a.b.c.d`, also with the bit set that says "worldwide".
fn is_tunnelled(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    segments[4] & !0x0200 == 0 && segments[5] == 0x5efe
}

fn is_in_v4(address: Ipv4Addr, net: Ipv4Addr, length: u8) -> bool {
    let differ = u32::from(address) ^ u32::from(net);
    length == 0 || differ >> (32 - u32::from(length)) == 0
}

fn is_in_v6(address: Ipv6Addr, net: Ipv6Addr, length: u8) -> bool {
    let differ = u128::from(address) ^ u128::from(net);
    length == 0 || differ >> (128 - u32::from(length)) == 0
}

/// Whether an address is within a network. Kinds do not mix.
pub fn is_in(address: IpAddr, net: IpAddr, length: u8) -> bool {
    match (plain(address), net) {
        (IpAddr::V4(address), IpAddr::V4(net)) => is_in_v4(address, net, length),
        (IpAddr::V6(address), IpAddr::V6(net)) => is_in_v6(address, net, length),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(text: &str) -> Option<Class> {
        class(text.parse().unwrap())
    }

    #[test]
    fn the_classes_of_ipv4() {
        for (text, expected) in [
            ("0.0.0.0", Reserved),
            ("0.1.2.3", Reserved),
            ("10.0.0.0", Private),
            ("10.255.255.255", Private),
            ("100.64.0.0", CarrierGrade),
            ("100.127.255.255", CarrierGrade),
            ("100.100.100.200", Metadata),
            ("127.0.0.1", Loopback),
            ("127.255.255.254", Loopback),
            ("169.254.0.1", LinkLocal),
            ("169.254.169.254", Metadata),
            ("169.254.170.2", Metadata),
            ("168.63.129.16", Metadata),
            ("172.16.0.0", Private),
            ("172.31.255.255", Private),
            ("192.0.0.1", Reserved),
            ("192.0.0.192", Metadata),
            ("192.0.2.1", Documentation),
            ("192.88.99.1", Reserved),
            ("192.168.0.1", Private),
            ("198.18.0.1", Benchmark),
            ("198.19.255.255", Benchmark),
            ("198.51.100.1", Documentation),
            ("203.0.113.1", Documentation),
            ("224.0.0.1", Multicast),
            ("239.255.255.255", Multicast),
            ("240.0.0.1", Reserved),
            ("255.255.255.255", Reserved),
        ] {
            assert_eq!(judge(text), Some(expected), "{text}");
        }
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
        ] {
            assert_eq!(judge(public), None, "{public}");
        }
    }

    #[test]
    fn the_classes_of_ipv6() {
        for (text, expected) in [
            ("::", Reserved),
            ("::1", Loopback),
            ("::127.0.0.1", Reserved),
            ("::8.8.8.8", Reserved),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("fec0::1", Private),
            ("fc00::1", Private),
            ("fdff::1", Private),
            ("fd00:ec2::254", Metadata),
            ("ff02::1", Multicast),
            ("2001:db8::1", Documentation),
            ("3fff::1", Documentation),
            ("2001::1", Reserved),
            ("2001:2::1", Benchmark),
            ("2002:7f00:1::", Reserved),
            ("64:ff9b:1::1", Reserved),
            ("100::1", Reserved),
            ("5f00::1", Reserved),
            ("4000::1", Reserved),
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:169.254.169.254", Metadata),
            ("::ffff:10.0.0.1", Private),
            ("64:ff9b::127.0.0.1", Loopback),
            ("64:ff9b::a00:1", Private),
            ("64:ff9b::a9fe:a9fe", Metadata),
            ("2600::5efe:10.0.0.1", Private),
            ("2600::200:5efe:127.0.0.1", Loopback),
            ("2600::5efe:8.8.8.8", Reserved),
        ] {
            assert_eq!(judge(text), Some(expected), "{text}");
        }
        for public in ["2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2620:fe::fe"] {
            assert_eq!(judge(public), None, "{public}");
        }
    }

    proptest! {
        #[test]
        fn an_address_of_ipv4_is_judged_alike_however_it_is_written(bits in any::<u32>()) {
            let address = Ipv4Addr::from(bits);
            let expected = class(address.into());
            prop_assert_eq!(class(address.to_ipv6_mapped().into()), expected);
            let translated = Ipv6Addr::from(u128::from(TRANSLATED) | u128::from(bits));
            prop_assert_eq!(class(translated.into()), expected);
        }

        #[test]
        fn what_is_public_lies_in_what_was_given_out(bits in any::<u128>()) {
            let address = Ipv6Addr::from(bits);
            if class(address.into()).is_none() {
                prop_assert!(is_in_v6(address, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
                    || address.to_ipv4_mapped().is_some() || is_in_v6(address, TRANSLATED, 96));
            }
        }

        #[test]
        fn the_standard_library_would_not_refuse_what_is_let_through(bits in any::<u32>()) {
            let address = Ipv4Addr::from(bits);
            let refused = address.is_loopback() || address.is_private() || address.is_link_local() || address.is_multicast()
                || address.is_broadcast() || address.is_documentation() || address.is_unspecified();
            prop_assert!(!refused || class(address.into()).is_some());
        }
    }
}
