//! The screen against a real X server, real programs and a real window manager.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod desk;

use std::time::Duration;

use desk::{Desk, Watcher};
use holt_screen::{Area, Button, Chord, Format, Point, Screen, ScreenError, Scroll, Settle, Size, Tile};
use x11rb::protocol::Event;

fn none() -> Chord {
    Chord::default()
}

#[test]
fn a_picture_shows_what_is_on_the_screen() {
    let desk = Desk::new();
    let watcher = Watcher::new(&desk, Area { x: 100, y: 50, width: 60, height: 40 }, 0x0012_3456);
    let mut screen = desk.screen();
    assert_eq!(screen.size().unwrap(), Size { width: 800, height: 600 });
    screen.move_to(Point { x: 700, y: 500 }).unwrap();
    let picture = screen.picture(None).unwrap();
    let pixel = |x: usize, y: usize| &picture.pixels[(y * 800 + x) * 4..][..3];
    assert_eq!(pixel(100, 50), [0x56, 0x34, 0x12]);
    assert_eq!(pixel(159, 89), [0x56, 0x34, 0x12]);
    assert_ne!(pixel(160, 89), [0x56, 0x34, 0x12]);
    let part = screen.picture(Some(Area { x: 110, y: 60, width: 20, height: 10 })).unwrap();
    assert!(part.pixels.as_chunks::<4>().0.iter().all(|pixel| pixel[..3] == [0x56, 0x34, 0x12]));
    for format in [Format::Jpeg, Format::Png, Format::WebP] {
        assert!(picture.encode(format).unwrap().len() > 100);
    }
    // The pointer is in the picture: over the plain window it changes some pixels.
    screen.move_to(Point { x: 130, y: 70 }).unwrap();
    let part = screen.picture(Some(Area { x: 100, y: 50, width: 60, height: 40 })).unwrap();
    assert!(part.pixels.as_chunks::<4>().0.iter().any(|pixel| pixel[..3] != [0x56, 0x34, 0x12]));
    assert_eq!(screen.pointer().unwrap(), Point { x: 130, y: 70 });
    drop(watcher);
}

#[test]
fn clicks_scrolls_and_drags_arrive_where_they_were_meant() {
    let desk = Desk::new();
    let mut watcher = Watcher::new(&desk, Area { x: 200, y: 100, width: 300, height: 200 }, 0);
    let mut screen = desk.screen();
    let at = Point { x: 210, y: 120 };
    screen.click(Some(at), Button::Right, 2, &Chord::read("ctrl").unwrap()).unwrap();
    for _ in 0..2 {
        let press = watcher.next(|event| if let Event::ButtonPress(press) = event { Some(*press) } else { None });
        assert_eq!((press.detail, press.event_x, press.event_y), (3, 10, 20));
        assert!(press.state.contains(x11rb::protocol::xproto::KeyButMask::CONTROL), "{press:?}");
        watcher.next(|event| if let Event::ButtonRelease(release) = event { Some(*release) } else { None });
    }
    screen.scroll(Some(at), Scroll::Down, 3, &none()).unwrap();
    for _ in 0..3 {
        let press = watcher.next(|event| if let Event::ButtonPress(press) = event { Some(*press) } else { None });
        assert_eq!(press.detail, 5);
    }
    let path = [at, Point { x: 260, y: 150 }, Point { x: 450, y: 290 }];
    screen.drag(&path, &none()).unwrap();
    let press = watcher.next(|event| match event {
        Event::ButtonPress(press) if press.detail == 1 => Some(*press),
        _ => None,
    });
    assert_eq!((press.event_x, press.event_y), (10, 20));
    let mut moved = Vec::new();
    let release = loop {
        let next = watcher.next(|event| match event {
            Event::MotionNotify(motion) => Some(Err((motion.event_x, motion.event_y))),
            Event::ButtonRelease(release) if release.detail == 1 => Some(Ok(*release)),
            _ => None,
        });
        match next {
            Ok(release) => break release,
            Err(place) => moved.push(place),
        }
    };
    assert_eq!((release.event_x, release.event_y), (250, 190));
    assert!(moved.len() > 10 && moved.contains(&(60, 50)), "{moved:?}");
    for wrong in [Point { x: 800, y: 0 }, Point { x: 0, y: 600 }, Point { x: -1, y: 5 }] {
        let refused = screen.click(Some(wrong), Button::Left, 1, &none());
        assert!(matches!(refused, Err(ScreenError::OffScreen { .. })), "{refused:?}");
    }
}

#[test]
fn text_in_any_script_is_typed_into_a_real_terminal() {
    let desk = Desk::new();
    let file = desk.path("typed");
    let done = desk.path("done");
    let script = format!("stty -echo; head -n 3 > {0}; touch {1}", file.display(), done.display());
    let mut screen = desk.screen();
    desk.start_xterm("typing", &script);
    let window = screen.find_windows("TYPING").unwrap().pop().unwrap();
    screen.activate(window.id).unwrap();
    // More characters without a key than there are spare keys, so that keys are used again.
    let strange: String = (0..200).filter_map(|offset| char::from_u32(0x4e00 + offset)).collect();
    let text = format!("Hello, World! ~`@#$%^&*()_+{{}}|:\"<>? [\\]\n{strange}\nñ ß € Ω ж 水 naïve\n");
    screen.type_text(&text).unwrap();
    desk.wait_for(&done);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_chord_reaches_the_program_that_has_the_keyboard() {
    let desk = Desk::new();
    let done = desk.path("interrupted");
    let script = format!("trap 'touch {}' INT; while :; do sleep 1; done", done.display());
    let mut screen = desk.screen();
    desk.start_xterm("trap", &script);
    let window = screen.find_windows("trap").unwrap().pop().unwrap();
    screen.activate(window.id).unwrap();
    assert!(screen.active().unwrap().is_some_and(|active| active.title.contains("trap")));
    screen.chord(&Chord::read("ctrl+c").unwrap()).unwrap();
    desk.wait_for(&done);
}

#[test]
fn keys_are_held_for_as_long_as_was_asked() {
    let desk = Desk::new();
    let mut watcher = Watcher::new(&desk, Area { x: 0, y: 0, width: 50, height: 50 }, 0);
    let mut screen = desk.screen();
    watcher.take_keyboard();
    screen.hold(&Chord::read("a").unwrap(), || std::thread::sleep(Duration::from_millis(120))).unwrap();
    let press = watcher.next(|event| if let Event::KeyPress(press) = event { Some(*press) } else { None });
    let release = watcher.next(|event| if let Event::KeyRelease(release) = event { Some(*release) } else { None });
    assert_eq!(press.detail, release.detail);
    assert!(release.time - press.time >= 100, "{} to {}", press.time, release.time);
}

#[test]
fn windows_are_found_moved_tiled_and_made_icons_with_a_window_manager() {
    let desk = Desk::new();
    desk.start_manager();
    desk.start_xterm("first", "sleep 1000");
    desk.start_xterm("second", "sleep 1000");
    let screen = desk.screen();
    let all = screen.windows().unwrap();
    assert_eq!(all.len(), 2, "{all:?}");
    let id = screen.find_windows("first").unwrap()[0].id;
    screen.activate(id).unwrap();
    desk.until("it is active", || screen.active().unwrap().is_some_and(|window| window.id == id));
    let area = || screen.find_windows("first").unwrap()[0].area;
    screen.move_window(id, 40, 60).unwrap();
    desk.until("it is moved", || (40..60).contains(&area().x) && (60..100).contains(&area().y));
    screen.resize_window(id, Size { width: 333, height: 222 }).unwrap();
    desk.until("it is smaller", || (300..334).contains(&area().width) && (200..223).contains(&area().height));
    screen.tile(id, Tile::BottomRight).unwrap();
    desk.until("it is in its quarter", || area().x >= 400 && area().y >= 300 && area().x + area().width as i32 <= 800);
    screen.center(id).unwrap();
    desk.until("it is in the middle", || {
        let middle = area().x + area().width as i32 / 2;
        (middle - 400).abs() < 20
    });
    screen.minimize(id).unwrap();
    desk.until("another is active", || screen.active().unwrap().is_none_or(|window| window.id != id));
    for gone in [0x7f_fff0, 1, 0] {
        assert!(matches!(screen.activate(gone), Err(ScreenError::NoWindow(number)) if number == gone));
    }
}

#[test]
fn a_screen_settles_when_nothing_is_drawn_any_more() {
    let desk = Desk::new();
    let quiet = Settle { quiet: Duration::from_millis(100), most: Duration::from_secs(20) };
    assert!(quiet.wait(&desk.display).unwrap().still);
    let watcher = Watcher::new(&desk, Area { x: 0, y: 0, width: 50, height: 50 }, 0);
    let painting = watcher.paint_for_ever();
    let settled = Settle { quiet: Duration::from_millis(400), most: Duration::from_millis(1200) }.wait(&desk.display).unwrap();
    assert!(!settled.still, "{settled:?}");
    drop(painting);
    assert!(quiet.wait(&desk.display).unwrap().still);
}

#[test]
fn a_screen_that_goes_is_told_from_a_mistake() {
    let desk = Desk::new();
    let mut screen = desk.screen();
    let display = desk.display.clone();
    assert!(!screen.activate(77).unwrap_err().is_gone());
    drop(desk);
    assert!(screen.picture(None).unwrap_err().is_gone());
    assert!(Screen::open(&display).unwrap_err().is_gone());
}
