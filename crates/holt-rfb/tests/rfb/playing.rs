//! A recording is what a viewer was sent: shown from its beginning, it shows what a viewer that comes then sees.

use proptest::prelude::*;

use holt_rfb::message::ClientMessage;
use holt_rfb::{Permit, PixelFormat, Screen, Size, Viewer};
use holt_testkit::display::{Display, request, set_encodings};

const SIZE: (u16, u16) = (150, 90);

/// As the recorder begins.
fn recorder() -> Viewer {
    let mut viewer = Viewer::new(Size::new(SIZE.0, SIZE.1).unwrap());
    viewer.show_pointer(true);
    let mut words = Vec::new();
    ClientMessage::SetPixelFormat(PixelFormat::BROWSER).write(&mut words);
    words.extend(set_encodings(&[7, 0, -223, -224]));
    let mut input = &words[..];
    while viewer.next(&mut input, Permit::default()).unwrap().is_some() {}
    viewer
}

fn frame(viewer: &mut Viewer, screen: &mut Screen) -> Option<Vec<u8>> {
    let words = request(true);
    let mut input = &words[..];
    while viewer.next(&mut input, Permit::default()).unwrap().is_some() {}
    viewer.update(screen).map(|update| [&update.head[..], &update.body[..]].concat())
}

/// Something happens on the screen: noise, a plain area, or the pointer moves.
fn happen(screen: &mut Screen, (x, y, width, height, colour): (u16, u16, u16, u16, u32)) {
    if colour % 5 == 0 {
        return screen.move_pointer(x, y);
    }
    let (width, height) = (width.min(SIZE.0 - x), height.min(SIZE.1 - y));
    screen.begin();
    for row in y..y + height {
        let noise = |column: u32| if colour % 3 == 0 { colour.wrapping_mul(column * u32::from(row) + 7) } else { colour };
        let row_of: Vec<u8> = (0..u32::from(width)).flat_map(|column| (noise(column) & 0x00ff_ffff).to_le_bytes()).collect();
        screen.write_row(x, row, &row_of).unwrap();
    }
    screen.settle();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_part_played_shows_what_a_fresh_viewer_sees(
        acts in prop::collection::vec((0..SIZE.0, 0..SIZE.1, 1u16..80, 1u16..80, any::<u32>()), 1..12),
        seen in prop::collection::vec(any::<bool>(), 12),
        begun in 0usize..12,
    ) {
        let mut screen = Screen::new(Size::new(SIZE.0, SIZE.1).unwrap(), "desk");
        happen(&mut screen, (0, 0, SIZE.0, SIZE.1, 1));
        let (mut viewer, mut played) = (recorder(), Display::new(SIZE.0, SIZE.1));
        for (at, act) in acts.iter().enumerate() {
            happen(&mut screen, *act);
            if at == begun {
                (viewer, played) = (recorder(), Display::new(SIZE.0, SIZE.1));
            }
            if !seen[at] {
                continue;
            }
            if let Some(bytes) = frame(&mut viewer, &mut screen) {
                played.show(&bytes);
            }
            let mut fresh = Display::new(SIZE.0, SIZE.1);
            fresh.show(&frame(&mut recorder(), &mut screen).unwrap());
            prop_assert!(played.pixels == fresh.pixels);
        }
    }
}
