//! What viewers do, passed on to the desktop.

use super::Upstream;
use crate::message::{ClientMessage, Key, Monitor, Pointer};
use crate::{Screen, Size, bounds};

/// What is held down, so that nothing stays so when control moves on.
#[derive(Debug, Default)]
pub(super) struct Pressed {
    keys: Vec<Key>,
    pointer: Option<Pointer>,
}

/// More keys than anybody has fingers.
const KEYS: usize = 64;

impl Pressed {
    /// Notes it; false if it is to be ignored.
    fn note(&mut self, key: Key) -> bool {
        let same = |held: &Key| (held.keysym, held.position) == (key.keysym, key.position);
        let held = self.keys.iter().position(same);
        match (key.down, held) {
            (true, None) if self.keys.len() == KEYS => return false,
            (true, None) => self.keys.push(key),
            (false, Some(at)) => drop(self.keys.swap_remove(at)),
            _ => {}
        }
        true
    }
}

impl Upstream {
    /// Passes a viewer's input on. False if it is not: it makes no sense, or the desktop does not read what it is sent. Then
    /// `Viewer::resize_refused` tells a viewer that asked for a size.
    pub fn act(&mut self, message: &ClientMessage<'_>, screen: &mut Screen) -> bool {
        if self.outgoing.len() >= bounds::UNREAD {
            return false;
        }
        match message {
            ClientMessage::Key(key) => self.key(*key),
            ClientMessage::Pointer(pointer) => self.point(*pointer, screen),
            ClientMessage::SetDesktopSize { width, height, monitors } => {
                let sensible = Size::new(*width, *height).is_ok_and(|size| fit(size, monitors));
                if sensible {
                    message.write(&mut self.outgoing);
                }
                sensible
            }
            _ => false,
        }
    }

    /// Lets go of every key and button that is held down.
    pub fn release(&mut self) {
        for key in std::mem::take(&mut self.pressed.keys) {
            ClientMessage::Key(Key { down: false, ..key }).write(&mut self.outgoing);
        }
        if let Some(pointer) = self.pressed.pointer.take().filter(|pointer| pointer.buttons != 0) {
            ClientMessage::Pointer(Pointer { buttons: 0, extended: false, ..pointer }).write(&mut self.outgoing);
        }
    }

    fn key(&mut self, key: Key) -> bool {
        let key = Key { position: key.position.filter(|_| self.takes_positions), ..key };
        let taken = self.pressed.note(key);
        if taken {
            ClientMessage::Key(key).write(&mut self.outgoing);
        }
        taken
    }

    /// In the form that the desktop's server knows, and on the screen.
    fn point(&mut self, pointer: Pointer, screen: &mut Screen) -> bool {
        let size = screen.size();
        let extended = self.takes_more_buttons && pointer.buttons > 0x7f;
        let buttons = if extended { pointer.buttons } else { pointer.buttons & 0xff };
        let pointer = Pointer { x: pointer.x.min(size.width - 1), y: pointer.y.min(size.height - 1), buttons, extended };
        ClientMessage::Pointer(pointer).write(&mut self.outgoing);
        self.pressed.pointer = Some(pointer);
        screen.move_pointer(pointer.x, pointer.y);
        true
    }
}

fn fit(size: Size, monitors: &[Monitor]) -> bool {
    !monitors.is_empty() && monitors.iter().all(|monitor| !monitor.area.is_empty() && size.holds(monitor.area).is_ok())
}
