//! Against the real Xvnc: what it sends is understood, and what is made of it is what is on its screen.

use std::time::Instant;

use crate::support::desktop::{Connection, Desktop, PATIENCE};
use holt_rfb::encoding as e;
use holt_rfb::message::{ClientMessage, EncodingList, Key, Monitor, Part, Pointer, ServerParts};
use holt_rfb::{News, PixelFormat, Rect, Screen, Size, Upstream};

/// Something of everything: one colour, two, many, and letters.
fn draw(desktop: &mut Desktop) {
    desktop.run("xsetroot", &["-mod", "7", "5", "-fg", "tomato", "-bg", "navy", "-name", "drawn"]);
    desktop.keep("xterm", &["-geometry", "60x20+37+41", "-e", "ls -l /usr/bin; cat"]);
    desktop.keep("xlogo", &["-geometry", "180x140+420+10"]);
    desktop.keep("xeyes", &["-geometry", "150x100+430+200"]);
}

struct Copy {
    connection: Connection,
    upstream: Upstream,
    screen: Screen,
}

impl Copy {
    fn new(desktop: &Desktop) -> Self {
        let connection = desktop.connect();
        let (upstream, screen) = Upstream::new(connection.init());
        let mut copy = Self { connection, upstream, screen };
        copy.point(100, 100);
        copy
    }

    /// Moves the pointer: Xvnc draws it into the picture of those who did not move it, and screenshots are without it.
    fn point(&mut self, x: u16, y: u16) {
        let pointer = Pointer { x, y, buttons: 0, extended: false };
        assert!(self.upstream.act(&ClientMessage::Pointer(pointer), &mut self.screen));
    }

    /// Takes what there is, and asks for more. Whether there was anything.
    fn pump(&mut self) -> Vec<News> {
        let mut all = Vec::new();
        if let Some(bytes) = self.upstream.outgoing() {
            self.connection.write(&bytes);
        }
        let bytes = self.connection.read();
        let mut input = &bytes[..];
        while let Some(news) = self.upstream.next(&mut input, &mut self.screen).unwrap() {
            all.push(news);
        }
        assert!(input.is_empty());
        self.upstream.ask();
        all
    }

    fn until(&mut self, what: &str, mut done: impl FnMut(&Self, &[News]) -> bool) {
        let begun = Instant::now();
        loop {
            let news = self.pump();
            if done(self, &news) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain for: {what}");
        }
    }

    fn shows(&self, desktop: &Desktop) -> bool {
        let (width, height, pixels) = desktop.screenshot();
        let size = self.screen.size();
        (usize::from(size.width), usize::from(size.height)) == (width, height) && self.screen.pixels() == pixels
    }
}

#[test]
fn the_copy_is_what_is_on_the_screen() {
    let mut desktop = Desktop::start(640, 400);
    let mut copy = Copy::new(&desktop);
    assert_eq!(copy.connection.init().name, "Größe");
    draw(&mut desktop);
    let colourful = |copy: &Copy| copy.screen.pixels().iter().collect::<std::collections::BTreeSet<_>>().len() > 8;
    copy.until("the picture", |copy, news| news.is_empty() && colourful(copy) && copy.shows(&desktop));

    // Much changes at once.
    copy.point(90, 90);
    for _ in 0..60 {
        for down in [true, false] {
            let key = Key { down, keysym: 0xff0d, position: Some(0x1c) };
            assert!(copy.upstream.act(&ClientMessage::Key(key), &mut copy.screen));
        }
    }
    let before = copy.screen.pixels().to_vec();
    copy.until("the letters to move", |copy, _| copy.screen.pixels() != before);
    copy.until("the picture after it", |copy, news| news.is_empty() && copy.shows(&desktop));
    assert_eq!(copy.screen.pointer(), (90, 90));

    // Another size.
    let size = Size::new(500, 300).unwrap();
    let monitors = vec![Monitor { id: 0, area: size.rect(), flags: 0 }];
    copy.upstream.act(&ClientMessage::SetDesktopSize { width: 500, height: 300, monitors }, &mut copy.screen);
    copy.until("the other size", |copy, news| copy.screen.size() == size && news.is_empty() && copy.shows(&desktop));
}

#[test]
fn the_clipboard_goes_both_ways() {
    let mut desktop = Desktop::start(320, 200);
    let mut copy = Copy::new(&desktop);
    copy.until("the first picture", |_, news| news.contains(&News::Frame));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "aus dem Schreibtisch: ä€\nzwei").unwrap();
    desktop.keep("xclip", &["-quiet", "-selection", "clipboard", "-i", file.path().to_str().unwrap()]);
    copy.until("the desktop to offer its clipboard", |_, news| news.contains(&News::ClipboardOffered));
    copy.upstream.fetch_clipboard();
    let text = News::Clipboard("aus dem Schreibtisch: ä€\nzwei".into());
    copy.until("its text", |_, news| news.contains(&text));

    copy.upstream.offer_clipboard("zum Schreibtisch: ñ€\nzwei");
    let begun = Instant::now();
    loop {
        let mut reader = desktop.ask("xclip", &["-selection", "clipboard", "-o"]);
        copy.until("somebody there to have read it", |_, _| reader.try_wait().unwrap().is_some());
        let read = std::io::read_to_string(reader.stdout.take().unwrap()).unwrap();
        // Until the offer has arrived it is still the text from before.
        if read == "zum Schreibtisch: ñ€\nzwei" {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "the desktop has {read:?}");
    }
}

/// Every encoding that Xvnc has, in two ways of writing pixels, cut at odd places.
#[test]
fn every_encoding_is_taken_apart() {
    let mut desktop = Desktop::start(640, 400);
    draw(&mut desktop);
    let mut copy = Copy::new(&desktop);
    copy.until("the picture", |copy, news| news.is_empty() && copy.shows(&desktop));
    let jpeg = [e::TIGHT, -32, -256];
    let lists: [&[i32]; 7] = [&[e::RAW], &[e::COPY_RECT], &[e::RRE], &[e::HEXTILE], &[e::TIGHT], &jpeg, &[e::ZRLE]];
    for list in lists {
        for format in [PixelFormat::RGB32, rgb16()] {
            let seen = take_apart(&desktop, list, format);
            let expected = if list[0] == e::COPY_RECT { e::RAW } else { list[0] };
            assert!(seen.contains(&expected), "asked for {list:?}, seen {seen:?}");
            for told in [e::CURSOR_WITH_ALPHA, e::EXTENDED_DESKTOP_SIZE, e::QEMU_KEY, e::LED_STATE] {
                assert!(seen.contains(&told), "asked for {list:?} and {told}, seen {seen:?}");
            }
        }
    }
}

fn rgb16() -> PixelFormat {
    PixelFormat::read(&[16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0]).unwrap()
}

/// The encodings of the rectangles that come until the whole screen was sent.
fn take_apart(desktop: &Desktop, list: &[i32], format: PixelFormat) -> Vec<i32> {
    let mut connection = desktop.connect();
    let size = connection.init().size;
    let mut parts = ServerParts::new(size, format);
    let mut all = list.to_vec();
    all.extend([e::DESKTOP_SIZE, e::EXTENDED_DESKTOP_SIZE, e::LAST_RECT, e::DESKTOP_NAME, e::CURSOR_WITH_ALPHA]);
    all.extend([e::LED_STATE, e::QEMU_KEY, e::FENCE, e::CONTINUOUS_UPDATES, e::EXTENDED_CLIPBOARD, e::VMWARE_CURSOR_POSITION]);
    let numbers: Vec<u8> = all.iter().flat_map(|number| number.to_be_bytes()).collect();
    let mut hello = Vec::new();
    ClientMessage::SetPixelFormat(format).write(&mut hello);
    ClientMessage::SetEncodings(EncodingList::new(&numbers)).write(&mut hello);
    ClientMessage::UpdateRequest { incremental: false, area: size.rect() }.write(&mut hello);
    connection.write(&hello);
    let (mut seen, mut covered, mut begun) = (Vec::new(), 0, Instant::now());
    while covered < size.area() || !seen.contains(&e::CURSOR_WITH_ALPHA) {
        assert!(begun.elapsed() < PATIENCE, "the screen is not sent whole: {covered} of {} in {seen:?}", size.area());
        let bytes = connection.read();
        let (mut length, mut done) = (1, false);
        for mut input in bytes.chunks(97) {
            while let Some(part) = parts.next(&mut input).unwrap() {
                length += part.bytes.len();
                done |= part.update_done;
                if let Part::Rectangle(of) = part.part {
                    seen.push(of.encoding);
                    covered += if (0..=e::ZRLE).contains(&of.encoding) { of.area.area() } else { 0 };
                }
            }
        }
        assert!(length > 0);
        if done {
            begun = Instant::now();
            let mut more = Vec::new();
            ClientMessage::UpdateRequest { incremental: true, area: Rect::new(0, 0, size.width, size.height) }.write(&mut more);
            connection.write(&more);
        }
    }
    assert_eq!(parts.held(), 0, "nothing is left over between updates");
    seen
}
