//! A picture as JPEG, made by as many processors as there are.
//!
//! It is cut into stripes that are encoded side by side. Decoders begin anew at a restart marker, so with one between every two
//! stripes they are one picture, whose header is the first stripe's with the whole height in it.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::{Picture, ScreenError};

/// Text stays readable, and a screen has about 120 kB.
const QUALITY: u8 = 80;
/// Pixels that belong together: colours are kept at half the resolution.
const BLOCK: u32 = 16;
const MOST_STRIPES: u32 = 4;
const START_OF_FRAME: u8 = 0xc0;
const START_OF_SCAN: u8 = 0xda;
const FIRST_RESTART: u8 = 0xd0;
/// The marker at the end of a file.
const END: usize = 2;

pub(crate) fn encode(picture: &Picture) -> Result<Vec<u8>, ScreenError> {
    let processors = std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(MOST_STRIPES));
    in_stripes(picture, processors.min(MOST_STRIPES))
}

fn in_stripes(picture: &Picture, wanted: u32) -> Result<Vec<u8>, ScreenError> {
    let too_large = || failed(&"it is too large for JPEG");
    let width = u16::try_from(picture.width).map_err(|_| too_large())?;
    let height = u16::try_from(picture.height).map_err(|_| too_large())?;
    let columns = picture.width.div_ceil(BLOCK);
    let rows = picture.height.div_ceil(BLOCK).div_ceil(wanted.max(1)).clamp(1, u32::from(u16::MAX) / columns.max(1));
    let restart = u16::try_from(columns * rows).map_err(|_| too_large())?;
    let stripe_bytes = (picture.width * 4 * rows * BLOCK) as usize;
    let stripes: Vec<&[u8]> = picture.pixels.chunks(stripe_bytes.max(1)).collect();
    let [first, rest @ ..] = &stripes[..] else { return Err(failed(&"it is empty")) };
    let one = |pixels: &[u8]| stripe(pixels, width, (!rest.is_empty()).then_some(restart));
    let parts = std::thread::scope(|scope| {
        let others: Vec<_> = rest.iter().map(|pixels| scope.spawn(|| one(pixels))).collect();
        let mut parts = vec![one(first)];
        parts.extend(others.into_iter().map(|other| other.join().unwrap_or_else(|_| Err(failed(&"an encoder broke off")))));
        parts.into_iter().collect::<Result<Vec<_>, _>>()
    })?;
    joined(parts, height).ok_or_else(|| failed(&"its stripes do not fit together"))
}

fn failed(why: &dyn std::fmt::Display) -> ScreenError {
    ScreenError::Picture(why.to_string())
}

fn stripe(pixels: &[u8], width: u16, restart: Option<u16>) -> Result<Vec<u8>, ScreenError> {
    let height = u16::try_from(pixels.len() / 4 / usize::from(width).max(1)).unwrap_or(u16::MAX);
    let mut file = Vec::with_capacity(pixels.len() / 16);
    let mut encoder = Encoder::new(&mut file, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_restart_interval(restart.unwrap_or(0));
    encoder.encode(pixels, width, height, ColorType::Bgra).map_err(|error| failed(&error))?;
    Ok(file)
}

fn joined(parts: Vec<Vec<u8>>, height: u16) -> Option<Vec<u8>> {
    let mut parts = parts.into_iter();
    let mut file = parts.next()?;
    let frame = places(&file)?.frame;
    file.get_mut(frame + 5..frame + 7)?.copy_from_slice(&height.to_be_bytes());
    for (number, part) in (0_u8..).zip(parts) {
        file.truncate(file.len().checked_sub(END)?);
        file.extend([0xff, FIRST_RESTART + number % 8]);
        file.extend_from_slice(part.get(places(&part)?.content..)?);
    }
    Some(file)
}

/// Where the frame's header is, and where the content begins.
struct Places {
    frame: usize,
    content: usize,
}

fn places(file: &[u8]) -> Option<Places> {
    let (mut at, mut frame) = (2, None);
    loop {
        let [0xff, kind, high, low] = *file.get(at..at + 4)?.first_chunk()? else { return None };
        let next = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        match kind {
            START_OF_FRAME => frame = Some(at),
            START_OF_SCAN => return Some(Places { frame: frame?, content: next }),
            _ => {}
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pixel different from its neighbours, slowly.
    fn slope(width: u32, height: u32) -> Picture {
        let pixel = |x: u32, y: u32| [(x * 255 / width) as u8, (y * 255 / height) as u8, ((x + y) % 64) as u8 * 3, 0];
        let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
        Picture { width, height, pixels }
    }

    /// What is between the header and the end.
    fn content(file: &[u8]) -> &[u8] {
        &file[places(file).unwrap().content..file.len() - END]
    }

    #[test]
    fn stripes_follow_each_other_behind_one_header() {
        for (width, height) in [(64, 64), (70, 131), (200, 33)] {
            let picture = slope(width, height);
            let file = in_stripes(&picture, 3).unwrap();
            let frame = places(&file).unwrap().frame;
            assert_eq!(file[frame + 5..frame + 9], [0, height as u8, 0, width as u8]);
            assert_eq!((&file[..2], &file[file.len() - 2..]), (&[0xff, 0xd8][..], &[0xff, 0xd9][..]));
            let rows = (height.div_ceil(BLOCK).div_ceil(3) * BLOCK * width * 4) as usize;
            let mut expected = Vec::new();
            for (number, pixels) in picture.pixels.chunks(rows).enumerate() {
                let height = pixels.len() as u32 / 4 / width;
                let alone = in_stripes(&Picture { width, height, pixels: pixels.to_vec() }, 1).unwrap();
                expected.extend(if number == 0 { vec![] } else { vec![0xff, FIRST_RESTART + number as u8 - 1] });
                expected.extend_from_slice(content(&alone));
            }
            assert!(content(&file) == expected, "{width} x {height}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for (width, height) in [(0, 0), (70_000, 1)] {
            let pixels = vec![0; width as usize * height as usize * 4];
            assert!(encode(&Picture { width, height, pixels }).is_err());
        }
    }
}
