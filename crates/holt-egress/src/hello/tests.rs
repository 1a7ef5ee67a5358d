//! Held against the real client of rustls, against whatever can be cut, joined and broken.

use std::sync::Arc;

use proptest::prelude::*;
use rustls::pki_types::ServerName;

use super::*;

/// What a real client says first.
fn real(server: &'static str) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let name = ServerName::try_from(server).unwrap();
    let mut bytes = Vec::new();
    rustls::ClientConnection::new(Arc::new(config), name).unwrap().write_tls(&mut bytes).unwrap();
    bytes
}

fn whole(name: Option<&str>) -> Heard {
    Heard::Whole(name.map(|name| name.parse().unwrap()))
}

fn hear_at_once(bytes: &[u8]) -> Heard {
    Listener::default().hear(bytes)
}

/// Hears pieces until something is known.
fn hear(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Heard {
    let mut listener = Listener::default();
    for piece in pieces {
        let heard = listener.hear(piece.as_ref());
        if heard != Heard::Part {
            return heard;
        }
    }
    Heard::Part
}

/// The message in records of this many bytes.
fn in_records(hello: &[u8], size: usize) -> Vec<u8> {
    let record = |piece: &[u8]| [&[22, 3, 1][..], &(piece.len() as u16).to_be_bytes(), piece].concat();
    hello[RECORD_HEADER..].chunks(size).flat_map(record).collect()
}

/// A message made by hand, with these extensions.
fn made(extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let long = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let all: Vec<u8> = extensions.iter().flat_map(|(kind, content)| [&kind.to_be_bytes()[..], &long(content)].concat()).collect();
    let body = [&[3, 3][..], &[7; 32], &[0], &long(&[19, 1]), &[1, 0], &long(&all)].concat();
    let message = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    [&[22, 3, 1][..], &(message.len() as u16).to_be_bytes(), &message].concat()
}

fn names(names: &[&str]) -> Vec<u8> {
    let list: Vec<u8> =
        names.iter().flat_map(|name| [&[0][..], &(name.len() as u16).to_be_bytes(), name.as_bytes()].concat()).collect();
    [&(list.len() as u16).to_be_bytes()[..], &list].concat()
}

#[test]
fn a_real_client_is_understood_however_it_is_cut() {
    let hello = real("www.example.com");
    assert_eq!(hear_at_once(&hello), whole(Some("www.example.com")));
    assert_eq!(hear(hello.chunks(1)), whole(Some("www.example.com")));
    for at in 1..hello.len() {
        assert_eq!(hear_at_once(&hello[..at]), Heard::Part, "the first {at} bytes");
        assert_eq!(hear([&hello[..at], &hello[at..]]), whole(Some("www.example.com")), "cut at {at}");
    }
    for size in [1, 2, 3, 5, 100] {
        assert_eq!(hear_at_once(&in_records(&hello, size)), whole(Some("www.example.com")), "records of {size}");
    }
    assert_eq!(hear_at_once(&real("192.0.2.1")), whole(None), "an address is not named");
}

#[test]
fn what_comes_after_it_changes_nothing() {
    let hello = real("a.example");
    for after in [&[20, 3, 3, 0, 1, 1][..], &[0; 40], &[22, 9, 9, 0, 0]] {
        assert_eq!(hear_at_once(&[&hello[..], after].concat()), whole(Some("a.example")));
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_not_read() {
    assert_eq!(hear_at_once(&made(&[(0, names(&["A.example"])), (43, vec![2, 3, 4])])), whole(Some("a.example")));
    assert_eq!(hear_at_once(&made(&[(43, vec![2, 3, 4])])), whole(None));
    assert_eq!(hear_at_once(&made(&[(0, names(&["a.example"])), (0, names(&["b.example"]))])), Heard::Malformed);
    assert_eq!(hear_at_once(&made(&[(0, names(&["a.example", "b.example"]))])), Heard::Malformed);
    assert_eq!(hear_at_once(&made(&[(0, names(&["a.example\0b"]))])), Heard::Malformed);
    assert_eq!(hear_at_once(&made(&[(0, names(&[]))])), Heard::Malformed);
    assert_eq!(hear_at_once(&made(&[(0, [names(&["a.example"]), vec![0]].concat())])), Heard::Malformed);
}

#[test]
fn other_words_are_told_apart_and_endless_ones_end() {
    assert_eq!(hear_at_once(b"GET / HTTP/1.1\r\n"), Heard::Other);
    assert_eq!(hear_at_once(b"SSH-2.0-x\r\n"), Heard::Other);
    assert_eq!(hear_at_once(&[22, 3, 1, 0, 0]), Heard::Malformed, "an empty record");
    assert_eq!(hear_at_once(&[22, 2, 0, 0, 5]), Heard::Malformed, "another version");
    assert_eq!(hear_at_once(&[22, 3, 1, 0xff, 0xff]), Heard::Malformed, "a record that is too long");
    assert_eq!(hear_at_once(&[22, 3, 1, 0, 4, 2, 0, 0, 0]), Heard::Malformed, "a server's message");
    assert_eq!(hear_at_once(&[22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]), Heard::Malformed, "a message that is too long");
    let mut listener = Listener::default();
    let mut heard = listener.hear(&[22, 3, 1, 0, 4, 1, 0, 0x7f, 0]);
    while heard == Heard::Part {
        heard = listener.hear(&[22, 3, 1, 0, 1, 0]);
        assert!(listener.heard().len() <= MAX_HELLO + 6);
    }
    assert_eq!(heard, Heard::Malformed);
}

proptest! {
    #[test]
    fn anything_at_all_is_heard_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1_usize..40) {
        hear(bytes.chunks(size));
        hear([[&[22, 3, 1][..], &bytes].concat()]);
    }

    #[test]
    fn pieces_are_heard_like_the_whole(at in 0_usize..200, byte in any::<u8>(), size in 1_usize..50) {
        let mut hello = made(&[(10, vec![0, 2, 0, 29]), (0, names(&["www.example.com"])), (43, vec![2, 3, 4])]);
        let at = at % hello.len();
        hello[at] = byte;
        // A byte that is broken may make either wait for more that never comes; else both say the same.
        prop_assert_eq!(hear(hello.chunks(size)), hear_at_once(&hello));
    }

    #[test]
    fn every_name_is_read_back(name in "[a-z0-9]{1,20}(\\.[a-z0-9]{1,20}){1,5}", size in 1_usize..64) {
        let hello = made(&[(0, names(&[&name]))]);
        prop_assert_eq!(hear_at_once(&in_records(&hello, size)), whole(Some(&name)));
    }
}
