//! SOCKS5, word by word.

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Yard, echo};

const GREETING: [u8; 3] = [5, 1, 0];

fn by_name(name: &str, port: u16) -> Vec<u8> {
    [&[5, 1, 0, 3, name.len() as u8][..], name.as_bytes(), &port.to_be_bytes()].concat()
}

fn by_address(port: u16) -> Vec<u8> {
    [&[5, 1, 0, 1, 127, 0, 0, 1][..], &port.to_be_bytes()].concat()
}

#[tokio::test]
async fn names_and_addresses_are_reached_and_the_first_words_may_come_at_once() {
    let (at, _server) = echo().await;
    let yard = Yard::open(&[at.to_string()]).await;
    for ask in [by_name("localhost", at.port()), by_address(at.port())] {
        let answer = yard.say(&[&GREETING[..], &ask, b"hello"].concat()).await;
        assert_eq!(answer[..4], [5, 0, 5, 0], "{answer:?}");
        assert_eq!(&answer[12..], b"hello and out");
    }
}

#[tokio::test]
async fn the_asking_may_come_byte_by_byte() {
    let (at, _server) = echo().await;
    let yard = Yard::open(&[at.to_string()]).await;
    let mut stream = yard.connect().await;
    stream.set_nodelay(true).unwrap();
    for byte in [&GREETING[..], &by_name("localhost", at.port())].concat() {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn each_refusal_has_its_number() {
    let (at, _server) = echo().await;
    let yard = Yard::open(&[]).await;
    let gone = {
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        gone.local_addr().unwrap()
    };
    let with_exception = Yard::open(&[gone.to_string()]).await;
    let v6 = [&[5, 1, 0, 4][..], &std::net::Ipv6Addr::LOCALHOST.octets(), &at.port().to_be_bytes()].concat();
    for (yard, ask, reply) in [
        (&yard, by_address(at.port()), 2),
        (&yard, by_name("localhost", at.port()), 2),
        (&yard, v6, 2),
        (&with_exception, by_address(gone.port()), 5),
        (&yard, by_name("no-such-host.invalid", 1), 4),
        (&yard, by_name("a b", 1), 8),
        (&yard, by_name("localhost", 0), 8),
        (&yard, [&[5, 2][..], &by_address(1)[2..]].concat(), 7),
        (&yard, [&[5, 1, 0, 9][..], &by_address(1)[4..]].concat(), 8),
    ] {
        let answer = yard.say(&[&GREETING[..], &ask].concat()).await;
        assert_eq!(answer.get(3), Some(&reply), "{ask:?} {answer:?}");
    }
    assert_eq!(yard.say(&[5, 1, 2]).await, [5, 0xff], "a password is not wanted");
    assert_eq!(yard.say(&[5, 0]).await, [5, 0xff]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn anything_at_all_ends(words in prop::collection::vec(any::<u8>(), 0..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let yard = Yard::open(&[]).await;
            yard.say(&[&[5][..], &words].concat()).await;
            yard.say(&words).await;
        });
    }
}
