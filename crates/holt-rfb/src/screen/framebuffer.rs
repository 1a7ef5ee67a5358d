//! The pixels of a screen, and when each tile of them last changed.
//!
//! A stamp for each tile replaces lists of damage for each viewer: a tile is new to a viewer when its stamp is later than what
//! the viewer saw. So a viewer costs no memory here however long it does not look, and it skips what was overwritten meanwhile.

use crate::{Rect, Size};

/// The side of a tile in pixels.
pub(super) const TILE: u16 = 64;

#[derive(Debug)]
pub(super) struct Framebuffer {
    size: Size,
    pixels: Vec<u32>,
    changed: Vec<u64>,
}

impl Framebuffer {
    /// A black screen, all of it changed at `stamp`.
    pub(super) fn new(size: Size, stamp: u64) -> Self {
        Self { size, pixels: vec![0; size.area()], changed: vec![stamp; tiles(size)] }
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    pub(super) fn tiles(&self) -> usize {
        self.changed.len()
    }

    /// When a tile last changed.
    pub(super) fn changed(&self, tile: usize) -> u64 {
        self.changed[tile]
    }

    /// Where a tile lies.
    pub(super) fn area(&self, tile: usize) -> Rect {
        let columns = columns(self.size);
        let corner = |index: usize| u16::try_from(index * usize::from(TILE)).unwrap_or(u16::MAX);
        let (x, y) = (corner(tile % columns), corner(tile / columns));
        Rect::new(x, y, TILE.min(self.size.width - x), TILE.min(self.size.height - y))
    }

    /// The tiles that share a pixel with the rectangle.
    pub(super) fn touched(&self, area: Rect) -> impl Iterator<Item = usize> + use<> {
        let columns = columns(self.size);
        let screen = self.size.rect();
        let last = |end: u32, most: u16| usize::try_from(end.min(u32::from(most))).unwrap_or(0).div_ceil(usize::from(TILE));
        let (right, bottom) = (last(area.right(), screen.width), last(area.bottom(), screen.height));
        let (left, top) = (usize::from(area.x / TILE), usize::from(area.y / TILE));
        let (right, bottom) = if area.is_empty() { (0, 0) } else { (right, bottom) };
        (top..bottom).flat_map(move |row| (left..right).map(move |column| row * columns + column))
    }

    /// The pixels of one row within a rectangle, which lies on the screen.
    pub(super) fn row(&self, x: u16, y: u16, width: u16) -> &[u32] {
        let begin = self.index(x, y);
        &self.pixels[begin..begin + usize::from(width)]
    }

    /// All pixels, row by row.
    pub(super) fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    fn index(&self, x: u16, y: u16) -> usize {
        usize::from(y) * usize::from(self.size.width) + usize::from(x)
    }

    /// Writes a row of little-endian pixels. Only tiles in which a pixel really differs count as changed.
    pub(super) fn write(&mut self, x: u16, y: u16, bytes: &[u8], stamp: u64) {
        let (mut at, columns) = (self.index(x, y), columns(self.size));
        let mut rest = bytes;
        let mut column = usize::from(x);
        while !rest.is_empty() {
            let tile_end = (column / usize::from(TILE) + 1) * usize::from(TILE);
            let (piece, more) = rest.split_at(rest.len().min((tile_end - column) * 4));
            let target = &mut self.pixels[at..at + piece.len() / 4];
            if replace(target, piece) {
                self.changed[usize::from(y / TILE) * columns + column / usize::from(TILE)] = stamp;
            }
            at += piece.len() / 4;
            column = tile_end;
            rest = more;
        }
    }
}

fn replace(target: &mut [u32], bytes: &[u8]) -> bool {
    let mut differs = 0;
    for (pixel, four) in target.iter_mut().zip(bytes.as_chunks::<4>().0) {
        let value = u32::from_le_bytes(*four) & 0x00ff_ffff;
        differs |= *pixel ^ value;
        *pixel = value;
    }
    differs != 0
}

fn columns(size: Size) -> usize {
    usize::from(size.width.div_ceil(TILE))
}

fn tiles(size: Size) -> usize {
    columns(size) * usize::from(size.height.div_ceil(TILE))
}
