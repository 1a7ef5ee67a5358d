//! What was encoded, kept for every viewer that needs it too.
//!
//! Two layers. A tile that did not change is never encoded twice for viewers with the same capabilities: that makes late
//! joiners and those who fell behind cheap. And viewers that saw the same get the very same buffer. Memory: for each of at most
//! `FLAVOURS` kinds of viewers at most one encoding of each tile, and at most `BODIES` updates until the screen changes.

use std::collections::HashMap;

use bytes::Bytes;

use super::framebuffer::Framebuffer;
use super::pointer::Picture;
use super::tile::{Flavour, TileWriter};
use crate::{Rect, Size};

const FLAVOURS: usize = 4;
const BODIES: usize = 8;

/// What a viewer lacks, and how it wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    /// It saw everything up to this stamp.
    pub(crate) since: u64,
    /// It wants this part anyway.
    pub(crate) anyway: Rect,
    /// It knows only so much of the screen.
    pub(crate) within: Size,
    /// Which bytes it can read.
    pub(crate) flavour: Flavour,
    /// Whether it gets the pointer as part of the picture.
    pub(crate) pointer: bool,
}

/// Rectangles, ready to be sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body {
    pub(crate) rectangles: u16,
    pub(crate) bytes: Bytes,
}

/// The pointer on the screen.
pub(super) struct Drawn<'a> {
    pub(super) picture: &'a Picture,
    pub(super) x: u16,
    pub(super) y: u16,
    /// When it last changed, tile by tile.
    pub(super) touched: &'a [u64],
}

#[derive(Debug)]
struct Kept {
    flavour: Flavour,
    plain: Vec<Option<(u64, Bytes)>>,
    /// Tiles with the pointer on them.
    pointed: HashMap<usize, (u64, Bytes)>,
}

#[derive(Debug)]
pub(super) struct Shared {
    writer: TileWriter,
    /// The most recently used last.
    kept: Vec<Kept>,
    bodies: Vec<(Wish, Body)>,
    scratch: Vec<u32>,
    encoded: u64,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self { writer: TileWriter::new(), kept: Vec::new(), bodies: Vec::new(), scratch: Vec::new(), encoded: 0 }
    }

    /// How many tiles were encoded so far.
    pub(super) fn encoded(&self) -> u64 {
        self.encoded
    }

    /// Something changed: whole updates are no longer right.
    pub(super) fn outdate(&mut self) {
        self.bodies.clear();
    }

    /// Nothing that was kept is of use, because the screen has another size or nobody looks.
    pub(super) fn forget(&mut self) {
        self.bodies.clear();
        self.kept.clear();
    }

    /// What this viewer lacks.
    pub(super) fn body(&mut self, wish: Wish, picture: &Framebuffer, pointer: &Drawn<'_>) -> Body {
        if let Some((_, body)) = self.bodies.iter().find(|(made, _)| *made == wish) {
            return body.clone();
        }
        let body = self.make(wish, picture, pointer);
        if self.bodies.len() == BODIES {
            self.bodies.remove(0);
        }
        self.bodies.push((wish, body.clone()));
        body
    }

    fn make(&mut self, wish: Wish, picture: &Framebuffer, pointer: &Drawn<'_>) -> Body {
        let pointed = if wish.pointer { pointer.picture.area(pointer.x, pointer.y) } else { Rect::default() };
        let (mut bytes, mut rectangles) = (Vec::new(), 0);
        let kept = self.keep(wish.flavour, picture.tiles());
        for tile in 0..picture.tiles() {
            let area = picture.area(tile);
            let touched = if wish.pointer { pointer.touched[tile] } else { 0 };
            let stamp = picture.changed(tile).max(touched);
            if wish.within.holds(area).is_err() || (stamp <= wish.since && !area.meets(wish.anyway)) {
                continue;
            }
            let over = area.meets(pointed).then_some(pointer);
            rectangles += 1;
            if wish.flavour.is_plain() {
                // Written as quickly as it is copied.
                self.encode(wish.flavour, area, picture, over, &mut bytes);
                continue;
            }
            let stamp = if over.is_some() { stamp } else { picture.changed(tile) };
            bytes.extend_from_slice(&self.tile(kept, tile, stamp, picture, over));
        }
        Body { rectangles, bytes: bytes.into() }
    }

    /// The place of what is kept for this kind of viewer; the kind that was used longest ago gives way.
    fn keep(&mut self, flavour: Flavour, tiles: usize) -> usize {
        let kept = match self.kept.iter().position(|kept| kept.flavour == flavour) {
            Some(at) => self.kept.remove(at),
            None => Kept { flavour, plain: vec![None; tiles], pointed: HashMap::new() },
        };
        if self.kept.len() == FLAVOURS {
            self.kept.remove(0);
        }
        self.kept.push(kept);
        self.kept.len() - 1
    }

    fn tile(&mut self, kept: usize, tile: usize, stamp: u64, picture: &Framebuffer, over: Option<&Drawn<'_>>) -> Bytes {
        let known = &self.kept[kept];
        let found = if over.is_some() { known.pointed.get(&tile) } else { known.plain[tile].as_ref() };
        if let Some((_, bytes)) = found.filter(|(made, _)| *made == stamp) {
            return bytes.clone();
        }
        let mut bytes = Vec::new();
        self.encode(known.flavour, picture.area(tile), picture, over, &mut bytes);
        let bytes = Bytes::from(bytes);
        let known = &mut self.kept[kept];
        match over {
            Some(pointer) => {
                // Where the pointer was is of no use any more.
                known.pointed.retain(|tile, _| picture.area(*tile).meets(pointer.picture.area(pointer.x, pointer.y)));
                known.pointed.insert(tile, (stamp, bytes.clone()));
            }
            None => known.plain[tile] = Some((stamp, bytes.clone())),
        }
        bytes
    }

    fn encode(&mut self, flavour: Flavour, area: Rect, picture: &Framebuffer, over: Option<&Drawn<'_>>, out: &mut Vec<u8>) {
        self.encoded += 1;
        self.scratch.clear();
        for y in area.y..area.y + area.height {
            self.scratch.extend_from_slice(picture.row(area.x, y, area.width));
        }
        if let Some(pointer) = over {
            pointer.picture.draw(pointer.x, pointer.y, area, &mut self.scratch);
        }
        self.writer.write(area, &self.scratch, flavour, out);
    }
}
