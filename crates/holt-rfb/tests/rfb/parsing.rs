//! Whatever is sent, however it is cut: the same is understood, nothing panics, and no more is held than the bounds allow.

use crate::support::stream::{Dice, SIDE, server_message, update};
use holt_rfb::handshake::{ClientHandshake, Security, ServerHandshake};
use holt_rfb::message::{
    Action, ClientMessage, ClientMessages, Clipboard, CutText, EncodingList, Fence, Key, Monitor, Part, Pointer, Provided,
    ServerParts, pack,
};
use holt_rfb::{Error, Permit, PixelFormat, Rect, Screen, Size, Upstream, Viewer, bounds};
use proptest::prelude::*;

/// The largest thing that is ever held: the two pictures of a pointer.
const MOST: usize = 2 * 4 * bounds::CURSOR_SIDE as usize * bounds::CURSOR_SIDE as usize + 1024;

fn side() -> Size {
    let side = u16::try_from(SIDE).unwrap();
    Size::new(side, side).unwrap()
}

/// Cuts bytes at these distances, again and again.
fn cut<'a>(mut bytes: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut turn = sizes.iter().cycle();
    std::iter::from_fn(move || {
        let (piece, rest) = bytes.split_at((*turn.next()?).clamp(1, usize::MAX).min(bytes.len()));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// What is understood of a viewer's bytes, and why it ended.
fn client(bytes: &[u8], sizes: &[usize]) -> (Vec<String>, Option<Error>) {
    let (mut messages, mut all) = (ClientMessages::new(), Vec::new());
    messages.extend_mouse();
    for mut input in cut(bytes, sizes) {
        loop {
            match messages.next(&mut input) {
                Ok(Some(message)) => all.push(format!("{message:?}")),
                Ok(None) => break,
                Err(error) => return (all, Some(error)),
            }
        }
        assert!(input.is_empty() && messages.held() <= bounds::CLIPBOARD + 8);
    }
    (all, None)
}

/// What is understood of a server's bytes: every byte is in it, and pieces that were cut by chance are joined.
fn server(bytes: &[u8], sizes: &[usize]) -> (Vec<String>, Vec<u8>, usize, Option<Error>) {
    let mut parts = ServerParts::new(side(), PixelFormat::RGB32);
    let (mut said, mut joined, mut updates) = (Vec::new(), Vec::new(), 0);
    for mut input in cut(bytes, sizes) {
        loop {
            match parts.next(&mut input) {
                Ok(Some(part)) => {
                    joined.extend_from_slice(part.bytes);
                    updates += usize::from(part.update_done);
                    match part.part {
                        Part::Content { .. } => {}
                        other => said.push(format!("{other:?}")),
                    }
                }
                Ok(None) => break,
                Err(error) => return (said, joined, updates, Some(error)),
            }
        }
        assert!(input.is_empty() && parts.held() <= MOST);
    }
    (said, joined, updates, None)
}

/// A server's stream with everything in it, and how many updates and rectangles.
fn stream(seed: u64) -> (Vec<u8>, usize, usize) {
    let mut dice = Dice(seed);
    let (mut bytes, mut updates, mut rectangles) = (Vec::new(), 0, 0);
    for _ in 0..1 + dice.below(4) {
        if dice.below(3) == 0 {
            bytes.extend(server_message(&mut dice));
        } else {
            let (update, count) = update(&mut dice);
            bytes.extend(update);
            (updates, rectangles) = (updates + 1, rectangles + count);
        }
    }
    (bytes, updates, rectangles)
}

fn rect() -> impl Strategy<Value = Rect> {
    any::<(u16, u16, u16, u16)>().prop_map(|(x, y, width, height)| Rect::new(x, y, width, height))
}

/// A message of a viewer, as bytes, and as what it should be read as.
fn message() -> impl Strategy<Value = (Vec<u8>, String)> {
    fn both(message: &ClientMessage<'_>) -> (Vec<u8>, String) {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        (bytes, format!("{message:?}"))
    }
    let monitor = (any::<u32>(), rect(), any::<u32>()).prop_map(|(id, area, flags)| Monitor { id, area, flags });
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    prop_oneof![
        Just(both(&ClientMessage::SetPixelFormat(PixelFormat::RGB32))),
        bytes(40).prop_map(|list| both(&ClientMessage::SetEncodings(EncodingList::new(&list)))),
        (any::<bool>(), rect()).prop_map(|(incremental, area)| both(&ClientMessage::UpdateRequest { incremental, area })),
        (any::<bool>(), any::<u32>(), any::<Option<u32>>()).prop_map(|(down, keysym, position)| both(&ClientMessage::Key(Key {
            down,
            keysym,
            position
        }))),
        (any::<u16>(), any::<u16>(), 0_u16..128).prop_map(|(x, y, buttons)| both(&ClientMessage::Pointer(Pointer {
            x,
            y,
            buttons,
            extended: false
        }))),
        (any::<u16>(), any::<u16>(), 0_u16..0x8000).prop_map(|(x, y, buttons)| both(&ClientMessage::Pointer(Pointer {
            x,
            y,
            buttons,
            extended: true
        }))),
        bytes(300).prop_map(|text| both(&ClientMessage::CutText(CutText::Plain(&text)))),
        Just(both(&ClientMessage::CutText(CutText::Extended(Clipboard::ours())))),
        Just(both(&ClientMessage::CutText(CutText::Extended(Clipboard::text(Action::Peek))))),
        bytes(300).prop_map(|text| both(&ClientMessage::CutText(CutText::Extended(Clipboard::Provide(Provided::packed(&text)))))),
        (any::<bool>(), rect()).prop_map(|(enable, area)| both(&ClientMessage::ContinuousUpdates { enable, area })),
        (any::<u32>(), bytes(64)).prop_map(|(flags, payload)| both(&ClientMessage::Fence(Fence { flags, payload: &payload }))),
        (any::<u16>(), any::<u16>(), prop::collection::vec(monitor, 0..16))
            .prop_map(|(width, height, monitors)| both(&ClientMessage::SetDesktopSize { width, height, monitors })),
        any::<(u8, u8)>().prop_map(|(version, operation)| both(&ClientMessage::Xvp { version, operation })),
    ]
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..40, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_a_viewer_writes_is_read(messages in prop::collection::vec(message(), 0..12), sizes in sizes()) {
        let bytes: Vec<u8> = messages.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let expected: Vec<String> = messages.into_iter().map(|(_, text)| text).collect();
        for sizes in [&[1][..], &[usize::MAX], &sizes] {
            prop_assert_eq!(client(&bytes, sizes), (expected.clone(), None));
        }
    }

    #[test]
    fn noise_from_a_viewer_is_the_same_noise_however_cut(
        kind in prop::sample::select(vec![0_u8, 2, 3, 4, 5, 6, 150, 248, 250, 251, 252, 255]),
        noise in prop::collection::vec(any::<u8>(), 0..600),
        sizes in sizes(),
    ) {
        let bytes = [&[kind][..], &noise].concat();
        let whole = client(&bytes, &[usize::MAX]);
        prop_assert_eq!(&client(&bytes, &[1]), &whole);
        prop_assert_eq!(&client(&bytes, &sizes), &whole);
    }

    #[test]
    fn a_servers_stream_is_taken_apart_without_rest(seed in any::<u64>(), sizes in sizes()) {
        let (bytes, updates, rectangles) = stream(seed);
        for sizes in [&[1][..], &[usize::MAX], &sizes] {
            let (said, joined, done, error) = server(&bytes, sizes);
            prop_assert_eq!(error, None);
            prop_assert_eq!(done, updates);
            prop_assert_eq!(said.iter().filter(|said| said.starts_with("Rectangle")).count(), rectangles);
            prop_assert!(joined == bytes, "every byte belongs to one part");
        }
    }

    #[test]
    fn a_broken_stream_breaks_at_the_same_place_however_cut(
        seed in any::<u64>(),
        blows in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        sizes in sizes(),
    ) {
        let (mut bytes, _, _) = stream(seed);
        for (place, value) in blows {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        let (said, joined, updates, error) = server(&bytes, &[usize::MAX]);
        for sizes in [&[1][..], &sizes] {
            let other = server(&bytes, sizes);
            prop_assert_eq!(&other.0, &said);
            prop_assert_eq!(&other.1, &joined);
            prop_assert_eq!((other.2, &other.3), (updates, &error));
        }
    }

    #[test]
    fn noise_from_a_server_harms_nothing(kind in 0_u8..5, noise in prop::collection::vec(any::<u8>(), 0..600), sizes in sizes()) {
        let bytes = [&[kind][..], &noise].concat();
        let whole = server(&bytes, &[usize::MAX]);
        prop_assert_eq!(&server(&bytes, &sizes).0, &whole.0);
    }

    #[test]
    fn a_hostile_desktop_breaks_only_its_own_connection(seed in any::<u64>(), noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let init = holt_rfb::handshake::ServerInit { size: side(), format: PixelFormat::RGB32, name: "hostile".into() };
        let (mut upstream, mut screen) = Upstream::new(&init);
        let bytes = [stream(seed).0, noise].concat();
        for mut input in cut(&bytes, &[7, 30, 1]) {
            while let Ok(Some(_)) = upstream.next(&mut input, &mut screen) {}
        }
        prop_assert!(upstream.held() <= MOST + bounds::REPLIES);
    }

    #[test]
    fn a_hostile_viewer_breaks_only_its_own_connection(
        messages in prop::collection::vec(message(), 0..12),
        noise in prop::collection::vec(any::<u8>(), 0..100),
        permit in any::<(bool, bool)>(),
    ) {
        let bytes: Vec<u8> = messages.into_iter().flat_map(|(bytes, _)| bytes).chain(noise).collect();
        let permit = Permit { act: permit.0, clipboard: permit.1 };
        let (mut viewer, mut screen) = (Viewer::new(side()), Screen::new(side(), "desktop"));
        screen.settle();
        for mut input in cut(&bytes, &[5, 90]) {
            while let Ok(Some(_)) = viewer.next(&mut input, permit) {}
            let _ = viewer.update(&mut screen);
        }
        prop_assert!(viewer.held() <= bounds::CLIPBOARD + bounds::REPLIES);
    }

    #[test]
    fn noise_instead_of_a_handshake(noise in prop::collection::vec(any::<u8>(), 0..80), minor in prop::sample::select(vec!["3", "7", "8", "889"])) {
        let hello = format!("RFB 003.{minor:0>3}\n");
        let bytes = [hello.as_bytes(), &noise].concat();
        let security = Security::Password { password: "secret".into(), challenge: [7; 16] };
        let (mut server, mut client) = (ServerHandshake::new(security), ClientHandshake::new());
        for mut input in cut(&bytes, &[3]) {
            let mut other = input;
            while let Ok(Some(_)) = server.next(&mut input) {}
            while let Ok(Some(_)) = client.next(&mut other) {}
        }
    }

    #[test]
    fn text_survives_the_clipboard(text in "\\PC{0,200}(\n\\PC{0,20}){0,3}") {
        let packed = pack(&text);
        prop_assert_eq!(Provided::packed(&packed).text().unwrap(), Some(text));
    }
}

#[test]
fn a_clipboard_that_claims_more_than_it_may_is_refused_before_it_is_unpacked() {
    let text = "x".repeat(bounds::CLIPBOARD);
    assert!(Provided::packed(&pack(&text)).text().unwrap().unwrap().len() <= bounds::CLIPBOARD, "cut when packed");
    let mut zlib = flate2::Compress::new(flate2::Compression::best(), true);
    let mut packed = Vec::with_capacity(4096);
    zlib.compress_vec(&[0x7f, 0xff, 0xff, 0xff, 1, 2, 3], &mut packed, flate2::FlushCompress::Finish).unwrap();
    assert_eq!(Provided::packed(&packed).text().unwrap_err().code(), "rfb_too_large");
    let claim = [6, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff];
    assert_eq!(ClientMessages::new().next(&mut &claim[..]).unwrap_err().code(), "rfb_too_large");
}
