//! The beginning of a connection, word by word.

use holt_rfb::handshake::{ClientHandshake, ClientStep, Security, ServerHandshake, ServerInit, ServerStep};
use holt_rfb::{Error, PixelFormat, Size};

/// Of "secret" for a challenge of sevens, as computed by OpenSSL.
const ANSWER: [u8; 16] = [2, 176, 72, 208, 52, 142, 100, 118, 2, 176, 72, 208, 52, 142, 100, 118];

fn password() -> ServerHandshake {
    ServerHandshake::new(Security::Password { password: "secret".into(), challenge: [7; 16] })
}

fn say(handshake: &mut ServerHandshake, bytes: &[u8]) -> ServerStep {
    let mut input = bytes;
    let step = handshake.next(&mut input).unwrap().unwrap();
    assert!(input.is_empty());
    step
}

#[test]
fn without_a_password_in_each_version() {
    let mut newest = ServerHandshake::new(Security::None);
    assert_eq!(say(&mut newest, b"RFB 003.008\n"), ServerStep::Send(vec![1, 1]));
    assert_eq!(say(&mut newest, &[1]), ServerStep::Send(vec![0; 4]));
    assert_eq!(say(&mut newest, &[0]), ServerStep::Done { shared: false });

    let mut middle = ServerHandshake::new(Security::None);
    assert_eq!(say(&mut middle, b"RFB 003.007\n"), ServerStep::Send(vec![1, 1]));
    assert_eq!(say(&mut middle, &[1]), ServerStep::Send(vec![]), "no result where nothing was checked");
    assert_eq!(say(&mut middle, &[1]), ServerStep::Done { shared: true });

    for old in [b"RFB 003.003\n", b"RFB 003.005\n"] {
        let mut oldest = ServerHandshake::new(Security::None);
        assert_eq!(say(&mut oldest, old), ServerStep::Send(vec![0, 0, 0, 1]), "told, not asked");
        assert_eq!(say(&mut oldest, &[1]), ServerStep::Done { shared: true });
    }
}

#[test]
fn with_a_password() {
    let mut handshake = password();
    assert_eq!(say(&mut handshake, b"RFB 003.008\n"), ServerStep::Send(vec![1, 2]));
    assert_eq!(say(&mut handshake, &[2]), ServerStep::Send(vec![7; 16]));
    assert_eq!(say(&mut handshake, &ANSWER), ServerStep::Send(vec![0; 4]));
    assert_eq!(say(&mut handshake, &[1]), ServerStep::Done { shared: true });

    let mut oldest = password();
    assert_eq!(say(&mut oldest, b"RFB 003.003\n"), ServerStep::Send([&[0, 0, 0, 2][..], &[7; 16]].concat()));
    assert_eq!(say(&mut oldest, &ANSWER), ServerStep::Send(vec![0; 4]));
}

#[test]
fn a_wrong_password_is_refused_with_a_reason() {
    let mut handshake = password();
    say(&mut handshake, b"RFB 003.008\n");
    say(&mut handshake, &[2]);
    let ServerStep::Refuse(farewell, Error::Password) = say(&mut handshake, &[7; 16]) else { panic!("it is let in") };
    assert_eq!(farewell[..4], [0, 0, 0, 1]);
    assert!(String::from_utf8_lossy(&farewell).contains("password is wrong"));
    assert!(handshake.next(&mut &[1][..]).is_err(), "and there is no second try");
}

#[test]
fn the_way_round_the_password_is_closed() {
    let mut handshake = password();
    say(&mut handshake, b"RFB 003.008\n");
    assert!(matches!(say(&mut handshake, &[1]), ServerStep::Refuse(_, Error::Security(_))));
}

#[test]
fn what_follows_the_handshake_is_left() {
    let mut handshake = ServerHandshake::new(Security::None);
    let mut input = &b"RFB 003.008\n\x01\x01first message"[..];
    while !matches!(handshake.next(&mut input).unwrap(), Some(ServerStep::Done { .. })) {}
    assert_eq!(input, b"first message");
}

#[test]
fn who_does_not_speak_it_is_told() {
    for line in [&b"GET / HTTP/1"[..], b"RFB 002.000\n", b"RFB 003.00x\n", b"RFB 003,008\n"] {
        let error = ServerHandshake::new(Security::None).next(&mut &line[..]).unwrap_err();
        assert_eq!(error.code(), "rfb_version");
    }
}

#[test]
fn towards_a_desktop() {
    let init = ServerInit { size: Size::new(640, 480).unwrap(), format: PixelFormat::RGB32, name: "Größe".into() };
    let mut bytes = b"RFB 003.008\n\x02\x13\x01\0\0\0\0".to_vec();
    init.write(&mut bytes);
    bytes.extend(b"rest");
    let (mut handshake, mut input, mut said) = (ClientHandshake::new(), &bytes[..], Vec::new());
    loop {
        match handshake.next(&mut input).unwrap().unwrap() {
            ClientStep::Send(bytes) => said.extend_from_slice(bytes),
            ClientStep::Done(read) => break assert_eq!(read, init),
        }
    }
    assert_eq!((said.as_slice(), input), (&b"RFB 003.008\n\x01\x01"[..], &b"rest"[..]));
}

#[test]
fn a_desktop_that_refuses() {
    let mut input = &b"RFB 003.008\n\0\0\0\0\x03why"[..];
    let mut handshake = ClientHandshake::new();
    handshake.next(&mut input).unwrap();
    assert_eq!(handshake.next(&mut input).unwrap_err(), Error::Refused("why".into()));

    let mut input = &b"RFB 003.008\n\x01\x02"[..];
    let mut handshake = ClientHandshake::new();
    handshake.next(&mut input).unwrap();
    assert_eq!(handshake.next(&mut input).unwrap_err().code(), "rfb_security");
}
