//! What one viewer gets, may do, and costs.

use holt_rfb::handshake::ServerInit;
use holt_rfb::message::{ClientMessage, Key, Monitor, Pointer};
use holt_rfb::{Error, Heard, Permit, PixelFormat, Rect, Screen, Size, Update, Upstream, Viewer};
use holt_testkit::display::{Display, NOVNC, request, set_encodings};

const LOOK: Permit = Permit { act: false, clipboard: false };
const ACT: Permit = Permit { act: true, clipboard: true };
const CONTINUOUS: [u8; 10] = [150, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];

fn size() -> Size {
    Size::new(200, 130).unwrap()
}

/// A screen in one colour.
fn screen(colour: u32) -> Screen {
    let mut screen = Screen::new(size(), "desk");
    paint(&mut screen, size().rect(), colour);
    screen
}

fn paint(screen: &mut Screen, area: Rect, colour: u32) {
    screen.begin();
    let row: Vec<u8> = (0..area.width).flat_map(|_| colour.to_le_bytes()).collect();
    (area.y..area.y + area.height).for_each(|y| screen.write_row(area.x, y, &row).unwrap());
    screen.settle();
}

fn say(viewer: &mut Viewer, permit: Permit, mut bytes: &[u8]) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some(one) = viewer.next(&mut bytes, permit).unwrap() {
        heard.push(format!("{one:?}"));
    }
    heard
}

/// As noVNC begins.
fn novnc() -> Viewer {
    let mut viewer = Viewer::new(size());
    let all: Vec<i32> = NOVNC.into_iter().chain([0x574d_5664]).collect();
    say(&mut viewer, LOOK, &set_encodings(&all));
    say(&mut viewer, LOOK, &request(false));
    viewer
}

fn bytes(update: &Update) -> Vec<u8> {
    [&update.head[..], &update.body[..]].concat()
}

/// Everything that it would get, shown.
fn watch(viewer: &mut Viewer, screen: &mut Screen, display: &mut Display) -> usize {
    let mut updates = 0;
    while let Some(update) = viewer.update(screen) {
        display.show(&bytes(&update));
        say(viewer, LOOK, &request(true));
        updates += 1;
        assert!(updates < 10);
    }
    updates
}

#[test]
fn the_first_update_tells_everything_once() {
    let (mut viewer, mut screen, mut display) = (novnc(), screen(0x0012_3456), Display::new(200, 130));
    display.show(&viewer.replies().unwrap());
    assert_eq!(display.messages, [248, 150, 3], "fence, continuous updates and clipboard are announced");
    assert!(watch(&mut viewer, &mut screen, &mut display) >= 2);
    assert!(display.pixels.iter().all(|pixel| *pixel == 0x0012_3456));
    assert_eq!((display.told.as_slice(), display.resizes.as_slice()), (&[-258, -316][..], &[(0, 0)][..]));
    assert_eq!(display.pointer, Some((0, 0)));
    screen.set_name("other");
    watch(&mut viewer, &mut screen, &mut display);
    assert_eq!(display.name.as_deref(), Some("other"));
    assert_eq!(watch(&mut viewer, &mut screen, &mut display), 0);
}

#[test]
fn viewers_of_the_same_kind_share_one_encoding() {
    let mut screen = screen(1);
    let mut viewers: Vec<Viewer> = (0..20).map(|_| novnc()).collect();
    let mut shown = Vec::new();
    for viewer in &mut viewers {
        let mut display = Display::new(200, 130);
        watch(viewer, &mut screen, &mut display);
        shown.push(display);
    }
    assert_eq!(screen.encoded_tiles(), 12, "each of 4 by 3 tiles once, for all");
    paint(&mut screen, Rect::new(70, 10, 5, 5), 2);
    let updates: Vec<Update> = viewers.iter_mut().map(|viewer| viewer.update(&mut screen).unwrap()).collect();
    assert_eq!(screen.encoded_tiles(), 13);
    assert!(updates.iter().all(|update| update.rectangles == 1 && update.body.as_ptr() == updates[0].body.as_ptr()));
}

#[test]
fn a_viewer_that_does_not_read_is_left_alone_and_then_gets_only_what_is() {
    let (mut viewer, mut screen, mut display) = (novnc(), screen(1), Display::new(200, 130));
    say(&mut viewer, LOOK, &CONTINUOUS);
    let mut sent = 0;
    for colour in 0..100 {
        paint(&mut screen, size().rect(), colour);
        while let Some(update) = viewer.update(&mut screen) {
            display.show(&bytes(&update));
            sent += 1;
        }
    }
    assert_eq!(sent, 4, "as many as may be unconfirmed");
    say(&mut viewer, LOOK, &[248, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
    display.show(&bytes(&viewer.update(&mut screen).unwrap()));
    assert!(display.pixels.iter().all(|pixel| *pixel == 99), "no frame between is sent");
}

#[test]
fn nothing_is_shown_in_the_middle_of_an_update() {
    let (mut viewer, mut screen) = (novnc(), screen(1));
    screen.begin();
    assert_eq!(viewer.update(&mut screen), None);
    screen.settle();
    assert!(viewer.update(&mut screen).is_some());
    assert_eq!(novnc().update(&mut Screen::new(size(), "no picture yet")), None);
}

#[test]
fn who_may_only_look_touches_nothing() {
    let (mut viewer, mut screen, mut display) = (novnc(), screen(1), Display::new(200, 130));
    watch(&mut viewer, &mut screen, &mut display);
    let acts: [&[u8]; 7] = [
        &[4, 1, 0, 0, 0, 0, 0, 0x61],
        &[255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 30],
        &[5, 1, 0, 9, 0, 9],
        &[5, 0x81, 0, 9, 0, 9, 1],
        &[6, 0, 0, 0, 0, 0, 0, 2, b'h', b'i'],
        &[250, 0, 1, 2],
        &[251, 0, 0, 100, 0, 100, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 100, 0, 0, 0, 0],
    ];
    for act in acts {
        assert_eq!(say(&mut viewer, LOOK, act), ["Refused"]);
    }
    watch(&mut viewer, &mut screen, &mut display);
    assert_eq!(display.resizes.last(), Some(&(1, 1)), "asking for a size is answered: prohibited");
    // The stream goes on, and with control the same is let through, but for machines being turned off.
    for (index, act) in acts.into_iter().enumerate() {
        let heard = say(&mut viewer, ACT, act);
        assert_eq!(heard[0].starts_with("Act"), !matches!(index, 4 | 5), "{heard:?}");
    }
    assert_eq!(say(&mut viewer, ACT, acts[4]), ["Clipboard(\"hi\")"]);
}

#[test]
fn watchers_see_the_pointer_and_who_drives_has_it() {
    let pointer = |viewer: &mut Viewer, screen: &mut Screen| {
        let mut display = Display::new(200, 130);
        watch(viewer, screen, &mut display);
        display
    };
    let (mut driver, mut watcher, mut screen) = (novnc(), novnc(), screen(0));
    watcher.show_pointer(true);
    let mut upstream = pointed(&mut screen);
    let (driven, watched) = (pointer(&mut driver, &mut screen), pointer(&mut watcher, &mut screen));
    assert_eq!((driven.pointer, watched.pointer), (Some((3, 2)), Some((0, 0))));
    let white =
        |display: &Display| -> Vec<usize> { (0..display.pixels.len()).filter(|at| display.pixels[*at] == 0x00ff_ffff).collect() };
    assert!(white(&driven).is_empty());
    let around = |x: usize, y: usize| -> Vec<usize> { (0..6).map(|at| (y + at / 3) * 200 + x + at % 3).collect() };
    assert_eq!(white(&watched), around(62, 63));

    // It moves, and where it was is as before. To the driver nothing is sent.
    let moved = Pointer { x: 150, y: 100, buttons: 0, extended: false };
    assert!(upstream.act(&ClientMessage::Pointer(moved), &mut screen));
    assert!(driver.update(&mut screen).is_none());
    let mut watched = watched;
    watch(&mut watcher, &mut screen, &mut watched);
    assert_eq!(white(&watched), around(149, 99));
}

/// A desktop whose pointer is white, three by two with its tip in the middle, at 63, 64.
fn pointed(screen: &mut Screen) -> Upstream {
    let init = ServerInit { size: size(), format: PixelFormat::RGB32, name: "desk".into() };
    let (mut upstream, _) = Upstream::new(&init);
    let mut update = vec![0, 0, 0, 2];
    update.extend([0, 1, 0, 1, 0, 3, 0, 2]);
    update.extend((-314_i32).to_be_bytes());
    update.extend([0; 4]);
    update.extend([255; 24]);
    update.extend([0, 63, 0, 64, 0, 0, 0, 0]);
    update.extend(0x574d_5666_i32.to_be_bytes());
    assert!(upstream.next(&mut &update[..], screen).unwrap().is_some());
    upstream
}

#[test]
fn a_viewer_without_a_pointer_of_its_own_sees_it() {
    let (mut viewer, mut screen, mut display) = (Viewer::new(size()), screen(0), Display::new(200, 130));
    pointed(&mut screen);
    say(&mut viewer, LOOK, &request(false));
    watch(&mut viewer, &mut screen, &mut display);
    assert_eq!(display.pixels.iter().filter(|pixel| **pixel == 0x00ff_ffff).count(), 6);
}

#[test]
fn pixels_are_written_as_the_viewer_wants_them() {
    let (mut viewer, mut screen) = (Viewer::new(size()), screen(0x00ff_8000));
    let rgb16 = [0, 0, 0, 0, 16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0];
    say(&mut viewer, LOOK, &rgb16);
    say(&mut viewer, LOOK, &request(false));
    let update = viewer.update(&mut screen).unwrap();
    assert_eq!(update.body.len(), 12 * 12 + 2 * 200 * 130);
    assert_eq!(update.body[12..14], [0b1111_1100, 0b0000_0000], "red is full, green half");
    let palette = [0, 0, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(viewer.next(&mut &palette[..], LOOK).unwrap_err().code(), "rfb_pixel_format");
}

#[test]
fn who_asks_and_never_reads_is_let_go() {
    let mut viewer = novnc();
    let fence = [&[248, 0, 0, 0, 0x80, 0, 0, 1, 64][..], &[0; 64]].concat();
    let error = loop {
        match viewer.next(&mut &fence[..], LOOK) {
            Ok(_) => assert!(viewer.held() < 70_000),
            Err(error) => break error,
        }
    };
    assert_eq!(error, Error::Flood);
}

#[test]
fn the_clipboard_moves_only_where_it_may() {
    let mut viewer = novnc();
    let caps = [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xf8, 0x1f, 0, 0, 1, 0, 0, 0, 0];
    assert_eq!(say(&mut viewer, LOOK, &caps), ["Nothing"]);
    viewer.replies();
    viewer.offer_clipboard("héllo");
    assert_eq!(viewer.replies().unwrap()[..], [3, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 0x08, 0, 0, 1], "announced, not sent");
    let wants = [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 0x02, 0, 0, 1];
    assert_eq!(say(&mut viewer, LOOK, &wants), ["Refused"]);
    assert_eq!(viewer.replies(), None);
    say(&mut viewer, ACT, &wants);
    let provided = viewer.replies().unwrap();
    assert_eq!(provided[8..12], [0x10, 0, 0, 1]);
    // What it sent, the viewer can send back.
    let back = [&[6], &provided[1..]].concat();
    assert_eq!(say(&mut viewer, ACT, &back), ["Clipboard(\"héllo\")"]);
    // Its own is asked for when it says that it has one.
    let has = [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 0x08, 0, 0, 1];
    assert_eq!(say(&mut viewer, ACT, &has), ["Nothing"]);
    assert_eq!(viewer.replies().unwrap()[8..12], [0x02, 0, 0, 1]);
}

#[test]
fn nothing_stays_pressed_when_control_moves() {
    let mut screen = screen(0);
    let mut upstream = pointed(&mut screen);
    upstream.outgoing();
    for (keysym, down) in [(0x61, true), (0xffe1, true), (0x61, false)] {
        upstream.act(&ClientMessage::Key(Key { down, keysym, position: Some(30) }), &mut screen);
    }
    upstream.act(&ClientMessage::Pointer(Pointer { x: 999, y: 7, buttons: 0x101, extended: true }), &mut screen);
    let sent = upstream.outgoing().unwrap();
    assert_eq!(sent[..8], [4, 1, 0, 0, 0, 0, 0, 0x61], "without positions, which this desktop does not know");
    assert_eq!(sent[24..], [5, 1, 0, 199, 0, 7], "within the screen, and without the ninth button");
    upstream.release();
    assert_eq!(upstream.outgoing().unwrap(), [4, 0, 0, 0, 0, 0, 0xff, 0xe1, 5, 0, 0, 199, 0, 7]);
    upstream.release();
    assert_eq!(upstream.outgoing(), None);
}

#[test]
fn nonsense_sizes_go_no_further() {
    let mut screen = screen(0);
    let mut upstream = pointed(&mut screen);
    upstream.outgoing();
    let one = |width, height| vec![Monitor { id: 0, area: Rect::new(0, 0, width, height), flags: 0 }];
    for (width, height, monitors) in
        [(0, 9, one(0, 9)), (9000, 9, one(9, 9)), (8000, 8000, one(9, 9)), (9, 9, vec![]), (9, 9, one(10, 9))]
    {
        assert!(!upstream.act(&ClientMessage::SetDesktopSize { width, height, monitors }, &mut screen));
    }
    assert_eq!(upstream.outgoing(), None);
    assert!(upstream.act(&ClientMessage::SetDesktopSize { width: 9, height: 9, monitors: one(9, 9) }, &mut screen));
}

#[test]
fn a_message_of_a_viewer_is_lent_and_not_copied() {
    let mut viewer = novnc();
    let bytes = [251, 0, 0, 100, 0, 100, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 100, 0, 0, 0, 0];
    let mut input = &bytes[..];
    let heard = viewer.next(&mut input, ACT).unwrap().unwrap();
    assert!(matches!(heard, Heard::Act(ClientMessage::SetDesktopSize { width: 100, height: 100, .. })));
}
