//! The screen of a desktop as Holt knows it: one copy, from which every viewer is served.
//!
//! A viewer may come at any time and be as slow as it likes. It is never sent what was, only what is: so nothing is queued, and
//! what it costs is one update in the making. Encoding is done once for all viewers that can read the same.
//!
//! Time on a screen is a number, the stamp. It grows with every settled change; what a viewer saw is one number.

mod framebuffer;
mod pointer;
mod shared;
mod tile;

pub use pointer::Picture;
pub(crate) use shared::{Body, Wish};
pub(crate) use tile::Flavour;

use framebuffer::Framebuffer;
use shared::{Drawn, Shared};

use crate::message::Monitor;
use crate::{Error, Rect, Size};

/// Something about a screen, and when it last changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dated<T> {
    pub(crate) value: T,
    pub(crate) stamp: u64,
}

/// A desktop's screen.
#[derive(Debug)]
pub struct Screen {
    picture: Framebuffer,
    stamp: u64,
    updating: bool,
    /// Some of the picture has come.
    drawn: bool,
    pointer: Dated<Picture>,
    place: (u16, u16),
    /// When the pointer last changed on each tile.
    touched: Vec<u64>,
    name: Dated<String>,
    lights: Dated<Option<u8>>,
    monitors: Dated<Vec<Monitor>>,
    shared: Shared,
}

impl Screen {
    /// A screen of which only the size and the name are known yet.
    pub fn new(size: Size, name: &str) -> Self {
        let picture = Framebuffer::new(size, 1);
        Self {
            touched: vec![0; picture.tiles()],
            picture,
            stamp: 0,
            updating: false,
            drawn: false,
            pointer: Dated::default(),
            place: (0, 0),
            name: Dated { value: name.to_owned(), stamp: 0 },
            lights: Dated::default(),
            monitors: Dated { value: one_monitor(size), stamp: 1 },
            shared: Shared::new(),
        }
    }

    /// Its size.
    pub fn size(&self) -> Size {
        self.picture.size()
    }

    /// What the desktop is called.
    pub fn name(&self) -> &str {
        &self.name.value
    }

    /// Its pixels as `0x00RRGGBB`, row by row.
    pub fn pixels(&self) -> &[u32] {
        self.picture.pixels()
    }

    /// Where the mouse pointer is.
    pub fn pointer(&self) -> (u16, u16) {
        self.place
    }

    /// Grows with every change that viewers may be shown. Zero until the first picture.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Whether viewers can be served now: there is a picture, and it is not in the middle of an update.
    pub fn is_settled(&self) -> bool {
        self.stamp > 0 && !self.updating
    }

    /// Whether anything of its picture is known.
    pub(crate) fn is_drawn(&self) -> bool {
        self.drawn
    }

    /// How many tiles were encoded since the beginning.
    pub fn encoded_tiles(&self) -> u64 {
        self.shared.encoded()
    }

    /// Gives back the memory of what was encoded, for when nobody looks.
    pub fn forget_encodings(&mut self) {
        self.shared.forget();
    }

    /// An update begins: until `settle`, viewers are not served.
    pub fn begin(&mut self) {
        self.updating = true;
    }

    /// The update is complete.
    pub fn settle(&mut self) {
        self.updating = false;
        self.stamp += 1;
        self.shared.outdate();
    }

    /// Writes a row of pixels: four bytes each, blue, green, red and one that is ignored.
    pub fn write_row(&mut self, x: u16, y: u16, bytes: &[u8]) -> Result<(), Error> {
        let width = u16::try_from(bytes.len() / 4).unwrap_or(u16::MAX);
        self.size().holds(Rect::new(x, y, width, 1))?;
        self.drawn = true;
        self.picture.write(x, y, bytes, self.stamp + 1);
        Ok(())
    }

    /// The screen has another size, or other monitors. A new size begins black.
    pub fn resize(&mut self, size: Size, monitors: Vec<Monitor>) {
        let stamp = self.stamp + 1;
        if size != self.size() {
            self.picture = Framebuffer::new(size, stamp);
            self.touched = vec![0; self.picture.tiles()];
            self.shared.forget();
        }
        let value = if monitors.is_empty() { one_monitor(size) } else { monitors };
        self.monitors = Dated { value, stamp };
    }

    /// The pointer is somewhere else.
    pub fn move_pointer(&mut self, x: u16, y: u16) {
        if self.place != (x, y) {
            self.touch();
            self.place = (x, y);
            self.touch();
            self.settle_alone();
        }
    }

    /// The pointer looks different.
    pub fn set_pointer(&mut self, picture: Picture) {
        self.touch();
        self.pointer = Dated { value: picture, stamp: self.stamp + 1 };
        self.touch();
        self.settle_alone();
    }

    /// The desktop has another name.
    pub fn set_name(&mut self, name: &str) {
        self.name = Dated { value: name.to_owned(), stamp: self.stamp + 1 };
        self.settle_alone();
    }

    /// The keyboard's lights: scroll lock, num lock, caps lock from the lowest bit.
    pub fn set_lights(&mut self, lights: u8) {
        self.lights = Dated { value: Some(lights), stamp: self.stamp + 1 };
        self.settle_alone();
    }

    /// Marks the tiles under the pointer.
    fn touch(&mut self) {
        let (x, y) = self.place;
        for tile in self.picture.touched(self.pointer.value.area(x, y)) {
            self.touched[tile] = self.stamp + 1;
        }
    }

    /// A change outside an update is complete by itself.
    fn settle_alone(&mut self) {
        if self.is_settled() {
            self.settle();
        }
    }

    pub(crate) fn body(&mut self, wish: Wish) -> Body {
        let (x, y) = self.place;
        let pointer = Drawn { picture: &self.pointer.value, x, y, touched: &self.touched };
        self.shared.body(wish, &self.picture, &pointer)
    }

    pub(crate) fn about(&self) -> About<'_> {
        About { pointer: &self.pointer, name: &self.name, lights: &self.lights, monitors: &self.monitors }
    }
}

/// What viewers are told of a screen besides its pixels.
pub(crate) struct About<'a> {
    pub(crate) pointer: &'a Dated<Picture>,
    pub(crate) name: &'a Dated<String>,
    pub(crate) lights: &'a Dated<Option<u8>>,
    pub(crate) monitors: &'a Dated<Vec<Monitor>>,
}

fn one_monitor(size: Size) -> Vec<Monitor> {
    vec![Monitor { id: 0, area: size.rect(), flags: 0 }]
}
