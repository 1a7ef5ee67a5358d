//! One screen, many viewers: whatever happens in whichever order, each of them ends with the same picture.

use holt_rfb::{Heard, Permit, Rect, Screen, Size, Viewer};
use holt_testkit::display::{Display, NOVNC, request, set_encodings};
use proptest::prelude::*;

const VMWARE_CURSOR: i32 = 0x574d_5664;
const LOOK: Permit = Permit { act: false, clipboard: false };

/// A viewer and what it shows.
struct Seat {
    viewer: Viewer,
    display: Display,
    tight: bool,
    continuous: bool,
}

impl Seat {
    fn new(size: Size, tight: bool, continuous: bool) -> Self {
        let mut seat = Self { viewer: Viewer::new(size), display: Display::new(size.width, size.height), tight, continuous };
        let plain = [0, -308, VMWARE_CURSOR];
        let mut encodings = if tight { NOVNC.to_vec() } else { plain.to_vec() };
        encodings.push(VMWARE_CURSOR);
        seat.say(&set_encodings(&encodings));
        seat.say(&request(false));
        if continuous {
            seat.say(&[150, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        }
        seat
    }

    fn say(&mut self, mut bytes: &[u8]) {
        while let Some(heard) = self.viewer.next(&mut bytes, LOOK).unwrap() {
            assert_eq!(heard, Heard::Nothing);
        }
    }

    /// Looks once, and confirms or asks again as a viewer does.
    fn look(&mut self, screen: &mut Screen) -> bool {
        if let Some(replies) = self.viewer.replies() {
            self.display.show(&replies);
        }
        let Some(update) = self.viewer.update(screen) else { return false };
        self.display.show(&[&update.head[..], &update.body[..]].concat());
        if self.continuous && self.tight {
            self.say(&[248, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
        } else {
            self.say(&request(true));
        }
        true
    }

    fn catch_up(&mut self, screen: &mut Screen) {
        for _ in 0..8 {
            if !self.look(screen) {
                return;
            }
        }
        panic!("a viewer that has seen everything is sent more and more");
    }
}

/// What can happen.
#[derive(Debug, Clone)]
enum Happening {
    Fill { area: (u16, u16, u16, u16), colour: u32 },
    Noise { area: (u16, u16, u16, u16), seed: u32, colours: u32 },
    Resize { width: u16, height: u16 },
    Join { tight: bool, continuous: bool },
    Look { who: usize },
    AskAgain { who: usize },
}

fn happening() -> impl Strategy<Value = Happening> {
    let area = || (0_u16..300, 0_u16..300, 0_u16..200, 0_u16..200);
    prop_oneof![
        3 => (area(), 0_u32..0x0100_0000).prop_map(|(area, colour)| Happening::Fill { area, colour }),
        3 => (area(), any::<u32>(), 2_u32..400).prop_map(|(area, seed, colours)| Happening::Noise { area, seed, colours }),
        1 => (1_u16..300, 1_u16..300).prop_map(|(width, height)| Happening::Resize { width, height }),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(tight, continuous)| Happening::Join { tight, continuous }),
        5 => (0_usize..8).prop_map(|who| Happening::Look { who }),
        1 => (0_usize..8).prop_map(|who| Happening::AskAgain { who }),
    ]
}

fn clip(size: Size, (x, y, width, height): (u16, u16, u16, u16)) -> Rect {
    let (x, y) = (x % size.width, y % size.height);
    Rect::new(x, y, width.min(size.width - x), height.min(size.height - y))
}

/// Draws, and keeps beside it what should be seen.
fn draw(screen: &mut Screen, truth: &mut [u32], area: Rect, mut pixel: impl FnMut() -> u32) {
    let width = usize::from(screen.size().width);
    screen.begin();
    for y in area.y..area.y + area.height {
        let row: Vec<u32> = (0..area.width).map(|_| pixel()).collect();
        let bytes: Vec<u8> = row.iter().flat_map(|pixel| (pixel | 0x7700_0000).to_le_bytes()).collect();
        screen.write_row(area.x, y, &bytes).unwrap();
        let begin = usize::from(y) * width + usize::from(area.x);
        truth[begin..begin + row.len()].copy_from_slice(&row);
    }
    screen.settle();
}

fn happen(happening: &Happening, screen: &mut Screen, truth: &mut Vec<u32>, seats: &mut Vec<Seat>) {
    let size = screen.size();
    match *happening {
        Happening::Fill { area, colour } => draw(screen, truth, clip(size, area), || colour),
        Happening::Noise { area, mut seed, colours } => draw(screen, truth, clip(size, area), || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((seed >> 8) % colours * 0x0001_0305) & 0x00ff_ffff
        }),
        Happening::Resize { width, height } => {
            screen.begin();
            screen.resize(Size::new(width, height).unwrap(), Vec::new());
            screen.settle();
            if (width, height) != (size.width, size.height) {
                *truth = vec![0; screen.size().area()];
            }
        }
        Happening::Join { tight, continuous } if seats.len() < 8 => seats.push(Seat::new(size, tight, continuous)),
        Happening::Join { .. } => {}
        Happening::Look { who } => {
            let count = seats.len();
            seats[who % count].look(screen);
        }
        Happening::AskAgain { who } => {
            let count = seats.len();
            seats[who % count].say(&request(false));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn every_viewer_ends_with_the_picture(happenings in prop::collection::vec(happening(), 1..40)) {
        let size = Size::new(200, 150).unwrap();
        let mut screen = Screen::new(size, "test");
        let mut truth = vec![0; size.area()];
        let mut seats = vec![Seat::new(size, true, true), Seat::new(size, true, false), Seat::new(size, false, false)];
        for happening in &happenings {
            happen(happening, &mut screen, &mut truth, &mut seats);
        }
        screen.settle();
        prop_assert_eq!(screen.pixels(), &truth[..]);
        for seat in &mut seats {
            seat.catch_up(&mut screen);
            prop_assert_eq!((seat.display.width, seat.display.height), (screen.size().width.into(), screen.size().height.into()));
            prop_assert!(seat.display.pixels == truth, "a viewer shows something else");
        }
    }
}
