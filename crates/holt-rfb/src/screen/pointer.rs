//! The mouse pointer: its picture, where it is, how viewers are told, and how it is drawn for those who only watch.

use crate::encoding::{CURSOR, CURSOR_WITH_ALPHA, Encodings, VMWARE_CURSOR};
use crate::wire::Put;
use crate::{PixelFormat, Rect};

/// The picture of a mouse pointer. Its colours are multiplied with its opacity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    width: u16,
    height: u16,
    hot_x: u16,
    hot_y: u16,
    rgba: Vec<[u8; 4]>,
}

impl Picture {
    /// From red, green, blue and opacity of each pixel; `area` says where its tip is, and its size.
    pub(crate) fn new(area: Rect, rgba: &[u8]) -> Self {
        let Rect { x: hot_x, y: hot_y, width, height } = area;
        Self { width, height, hot_x, hot_y, rgba: rgba.as_chunks::<4>().0.to_vec() }
    }

    /// Where it lies on the screen when its tip is there. It may reach beyond the edges.
    fn left_top(&self, x: u16, y: u16) -> (i32, i32) {
        (i32::from(x) - i32::from(self.hot_x), i32::from(y) - i32::from(self.hot_y))
    }

    /// Its part that lies right of and below the screen's corner.
    pub(super) fn area(&self, x: u16, y: u16) -> Rect {
        let (left, top) = self.left_top(x, y);
        let side = |begin: i32, length: u16| u16::try_from((begin + i32::from(length)).max(0) - begin.max(0)).unwrap_or(0);
        let corner = |at: i32| u16::try_from(at.max(0)).unwrap_or(u16::MAX);
        Rect::new(corner(left), corner(top), side(left, self.width), side(top, self.height))
    }

    /// Draws it over a tile.
    pub(super) fn draw(&self, x: u16, y: u16, tile: Rect, pixels: &mut [u32]) {
        let (left, top) = self.left_top(x, y);
        let width = usize::from(tile.width);
        for (index, pixel) in pixels.iter_mut().enumerate() {
            let column = i32::from(tile.x) + i32::try_from(index % width).unwrap_or(0) - left;
            let row = i32::from(tile.y) + i32::try_from(index / width).unwrap_or(0) - top;
            if let Some(over) = self.at(column, row) {
                *pixel = blend(*pixel, over);
            }
        }
    }

    fn at(&self, column: i32, row: i32) -> Option<[u8; 4]> {
        let (column, row) = (u16::try_from(column).ok()?, u16::try_from(row).ok()?);
        let inside = column < self.width && row < self.height;
        inside.then(|| self.rgba.get(usize::from(row) * usize::from(self.width) + usize::from(column)).copied())?
    }

    /// Writes it as a rectangle in the best form that the viewer understands; false if it understands none.
    pub(crate) fn write(&self, encodings: Encodings, format: PixelFormat, out: &mut Vec<u8>) -> bool {
        let forms = [VMWARE_CURSOR, CURSOR_WITH_ALPHA, CURSOR];
        let Some(form) = forms.into_iter().find(|form| encodings.has(*form)) else { return false };
        Rect::new(self.hot_x, self.hot_y, self.width, self.height).write(out);
        out.put_i32(form);
        match form {
            VMWARE_CURSOR => {
                out.put(&[1, 0]);
                out.extend(self.rgba.iter().flat_map(|pixel| plain(*pixel)));
            }
            CURSOR_WITH_ALPHA => {
                out.put_i32(crate::encoding::RAW).put(self.rgba.as_flattened());
            }
            _ => self.write_masked(format, out),
        }
        true
    }

    fn write_masked(&self, format: PixelFormat, out: &mut Vec<u8>) {
        for pixel in &self.rgba {
            let [red, green, blue, _] = plain(*pixel);
            format.push(u32::from_be_bytes([0, red, green, blue]), out);
        }
        for row in self.rgba.chunks(usize::from(self.width.max(1))) {
            for eight in row.chunks(8) {
                let bits = eight.iter().enumerate().filter(|(_, pixel)| pixel[3] >= 128);
                out.push(bits.fold(0, |bits, (index, _)| bits | 0x80 >> index));
            }
        }
    }
}

/// The colours without the opacity in them.
fn plain([red, green, blue, alpha]: [u8; 4]) -> [u8; 4] {
    let undo = |colour: u8| (u16::from(colour) * 255).checked_div(u16::from(alpha)).map_or(0, |value| value.min(255) as u8);
    [undo(red), undo(green), undo(blue), alpha]
}

fn blend(under: u32, [red, green, blue, alpha]: [u8; 4]) -> u32 {
    let [_, under_red, under_green, under_blue] = under.to_be_bytes();
    let through = 255 - u16::from(alpha);
    let mix = |over: u8, under: u8| (u16::from(over) + (u16::from(under) * through + 127) / 255).min(255) as u8;
    u32::from_be_bytes([0, mix(red, under_red), mix(green, under_green), mix(blue, under_blue)])
}
