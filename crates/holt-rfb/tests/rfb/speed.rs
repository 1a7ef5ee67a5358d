//! What sharing costs. Measurements to be read by people, in a release build:
//! `cargo test --release -p holt-rfb --test rfb -- --ignored --nocapture speed`.

use std::time::{Duration, Instant};

use holt_rfb::{Permit, Screen, Size, Viewer};

use holt_testkit::display::{NOVNC, request, set_encodings};

const LOOK: Permit = Permit { act: false, clipboard: false };
const FRAMES: u32 = 60;

fn viewer(size: Size) -> Viewer {
    let mut viewer = Viewer::new(size);
    for mut bytes in [&set_encodings(&NOVNC)[..], &request(false), &[150, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]] {
        while viewer.next(&mut bytes, LOOK).unwrap().is_some() {}
    }
    viewer
}

/// A row of a frame.
type Paint = fn(x: u32, y: u32, frame: u32) -> u32;

fn letters(x: u32, y: u32, frame: u32) -> u32 {
    let cell = (x / 8).wrapping_mul(2_654_435_761) ^ ((y / 16 + frame) * 97).wrapping_mul(40_503);
    if (cell >> (x % 8 + y % 16)) & 3 == 0 { 0x00e0_e0e0 } else { 0x0020_2020 }
}

fn slope(x: u32, y: u32, frame: u32) -> u32 {
    ((x + frame) / 4 % 256) << 16 | (y / 4 % 256) << 8 | 0x80
}

fn photo(x: u32, y: u32, frame: u32) -> u32 {
    let noise = (x * 31 + y * 17 + frame * 7).wrapping_mul(2_654_435_761) >> 28;
    slope(x, y, frame) + noise * 0x0001_0101
}

fn paint(screen: &mut Screen, frame: u32, paint: Paint) -> Duration {
    let size = screen.size();
    let rows: Vec<Vec<u8>> = (0..u32::from(size.height))
        .map(|y| (0..u32::from(size.width)).flat_map(|x| paint(x, y, frame).to_le_bytes()).collect())
        .collect();
    let begun = Instant::now();
    screen.begin();
    (0..size.height).zip(&rows).for_each(|(y, row)| screen.write_row(0, y, row).unwrap());
    screen.settle();
    begun.elapsed()
}

#[test]
#[ignore = "a measurement"]
fn encoding_once_for_one_and_for_twenty() {
    let size = Size::new(1280, 800).unwrap();
    for (name, picture) in [("letters", letters as Paint), ("slope", slope), ("photo", photo)] {
        for count in [1, 20] {
            let mut screen = Screen::new(size, "speed");
            let mut viewers: Vec<Viewer> = (0..count).map(|_| viewer(size)).collect();
            let (mut copied, mut served, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
            for frame in 0..FRAMES {
                copied += paint(&mut screen, frame, picture);
                let begun = Instant::now();
                for viewer in &mut viewers {
                    while let Some(update) = viewer.update(&mut screen) {
                        bytes += update.len();
                        while viewer.next(&mut &[248, 0, 0, 0, 0, 0, 0, 1, 1, 1][..], LOOK).unwrap().is_none() {}
                    }
                }
                served += begun.elapsed();
            }
            let each = |total: Duration| total / FRAMES;
            let kilobytes = bytes / 1024 / count / FRAMES as usize;
            println!(
                "{name}: {count} viewers, a whole frame copied in {:?}, served in {:?}, {kilobytes} KiB",
                each(copied),
                each(served)
            );
        }
    }
}
