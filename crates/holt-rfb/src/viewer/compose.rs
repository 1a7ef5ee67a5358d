//! Making the next update for a viewer.

use bytes::Bytes;

use super::{PENDING, State, WINDOW};
use crate::encoding as e;
use crate::handshake::put_text;
use crate::message::Fence;
use crate::screen::{Body, Flavour, Picture, Wish};
use crate::wire::Put;
use crate::{Rect, Screen};

/// An update, in two pieces that follow each other on the wire. The second is shared with other viewers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Only for this viewer.
    pub head: Bytes,
    /// The picture.
    pub body: Bytes,
    /// How many rectangles it has.
    pub rectangles: u16,
}

impl Update {
    /// Bytes on the wire.
    pub fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Never true: an update without rectangles is not made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Rectangles that are no picture.
#[derive(Default)]
struct Notes {
    count: u16,
    bytes: Vec<u8>,
}

impl Notes {
    fn add(&mut self, area: Rect, encoding: i32) -> &mut Vec<u8> {
        self.count += 1;
        area.write(&mut self.bytes);
        self.bytes.put_i32(encoding);
        &mut self.bytes
    }
}

pub(super) fn update(viewer: &mut State, screen: &mut Screen) -> Option<Update> {
    if !screen.is_settled() || !(viewer.asked || viewer.continuous) {
        return None;
    }
    if viewer.continuous && viewer.encodings.has(e::FENCE) && viewer.unconfirmed >= WINDOW {
        return None;
    }
    if let Some(notes) = resize(viewer, screen) {
        return Some(finish(viewer, &notes, Body::default()));
    }
    let mut notes = Notes::default();
    announce(viewer, &mut notes);
    describe(viewer, screen, &mut notes);
    let body = screen.body(Wish {
        since: viewer.seen,
        anyway: viewer.anyway,
        within: viewer.size,
        flavour: Flavour::new(viewer.encodings.has(e::TIGHT), viewer.format),
        pointer: viewer.draws_pointer(),
    });
    viewer.seen = screen.stamp();
    viewer.seen_about = screen.stamp();
    if notes.count == 0 && body.rectangles == 0 {
        return None;
    }
    viewer.anyway = Rect::default();
    viewer.asked = false;
    Some(finish(viewer, &notes, body))
}

/// A new size or layout stands alone: what else an update would hold is for a screen that the viewer does not know yet.
fn resize(viewer: &mut State, screen: &Screen) -> Option<Notes> {
    let (size, monitors) = (screen.size(), screen.about().monitors);
    let extended = viewer.encodings.has(e::EXTENDED_DESKTOP_SIZE);
    let changed = size != viewer.size && (extended || viewer.encodings.has(e::DESKTOP_SIZE));
    let news = monitors.stamp > viewer.seen_monitors;
    let refused = viewer.resizing.filter(|reason| *reason != PENDING);
    let mut notes = Notes::default();
    if extended && (changed || news || refused.is_some()) {
        let reason = u16::from(viewer.resizing.take().is_some());
        let out = notes.add(Rect::new(reason, refused.unwrap_or(0), size.width, size.height), e::EXTENDED_DESKTOP_SIZE);
        out.put(&[u8::try_from(monitors.value.len()).unwrap_or(0), 0, 0, 0]);
        monitors.value.iter().for_each(|monitor| monitor.write(out));
        viewer.seen_monitors = monitors.stamp;
    } else if changed {
        notes.add(size.rect(), e::DESKTOP_SIZE);
    }
    if changed {
        // It asks again, for the screen that it then knows. Until then there is nothing that it could show.
        (viewer.size, viewer.seen, viewer.anyway, viewer.asked) = (size, 0, Rect::default(), false);
    }
    (notes.count > 0).then_some(notes)
}

/// What a viewer may use from now on.
fn announce(viewer: &mut State, notes: &mut Notes) {
    if viewer.encodings.has(e::QEMU_KEY) && !std::mem::replace(&mut viewer.told.keys, true) {
        notes.add(Rect::default(), e::QEMU_KEY);
    }
    if viewer.encodings.has(e::EXTENDED_MOUSE) && !std::mem::replace(&mut viewer.told.mouse, true) {
        notes.add(Rect::default(), e::EXTENDED_MOUSE);
    }
}

/// The pointer, the name and the lights, as far as they are news.
fn describe(viewer: &mut State, screen: &Screen, notes: &mut Notes) {
    let about = screen.about();
    if !viewer.told.pointer || (about.pointer.stamp > viewer.seen_about && !viewer.draws_pointer()) {
        let nothing = Picture::default();
        let picture = if viewer.draws_pointer() { &nothing } else { &about.pointer.value };
        notes.count += u16::from(picture.write(viewer.encodings, viewer.format, &mut notes.bytes));
        viewer.told.pointer = true;
    }
    if viewer.encodings.has(e::DESKTOP_NAME) && about.name.stamp > viewer.seen_about {
        put_text(&about.name.value, notes.add(Rect::default(), e::DESKTOP_NAME));
    }
    if let Some(lights) = about.lights.value
        && viewer.encodings.has(e::LED_STATE)
        && (!viewer.told.lights || about.lights.stamp > viewer.seen_about)
    {
        notes.add(Rect::default(), e::LED_STATE).push(lights);
        viewer.told.lights = true;
    }
}

fn finish(viewer: &mut State, notes: &Notes, body: Body) -> Update {
    let rectangles = notes.count + body.rectangles;
    let mut head = Vec::with_capacity(notes.bytes.len() + 16);
    if viewer.continuous && viewer.encodings.has(e::FENCE) {
        // Its answer says that everything before was dealt with.
        viewer.unconfirmed = viewer.unconfirmed.saturating_add(1);
        Fence { flags: Fence::REQUEST | Fence::BLOCK_BEFORE, payload: &[1] }.write(&mut head);
    }
    head.put(&[0, 0]).put_u16(rectangles).put(&notes.bytes);
    Update { head: head.into(), body: body.bytes, rectangles }
}
