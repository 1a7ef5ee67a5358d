//! The keyboard: chords, and text in any script.
//!
//! A character that no key has is put onto a key that has none, for as long as programs may need to look it up.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ConnectionExt as _, KEY_PRESS_EVENT, KEY_RELEASE_EVENT};
use xkeysym::{Keysym, key};

use crate::{Screen, ScreenError, keys};

/// How long programs get to look a character up before its key gets another one.
const BEFORE_REUSE: Duration = Duration::from_millis(40);
/// The most keys at once.
const LONGEST_CHORD: usize = 8;

/// Keys that are pressed together: all but the last are held while the last is pressed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chord(Vec<Keysym>);

impl Chord {
    /// Reads `ctrl+shift+t`, `Return`, `ctrl++` or `é`.
    ///
    /// # Errors
    /// When a key is unknown.
    pub fn read(text: &str) -> Result<Self, ScreenError> {
        let unknown = || ScreenError::UnknownKey(text.chars().take(80).collect());
        let text = text.trim();
        // A plus at the end is the key, not what joins keys.
        let (joined, plus) = match text.strip_suffix('+') {
            Some(before) => (before.strip_suffix('+').unwrap_or(before), true),
            None => (text, false),
        };
        let mut chord = Vec::new();
        for name in joined.split('+').filter(|_| !joined.is_empty()) {
            chord.push(keys::named(name.trim()).ok_or_else(unknown)?);
        }
        if plus {
            chord.push(Keysym::new(key::plus));
        }
        if chord.is_empty() || chord.len() > LONGEST_CHORD {
            return Err(unknown());
        }
        Ok(Self(chord))
    }
}

/// Where a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    code: u8,
    shifted: bool,
}

/// Which key types what, as the X server has it.
#[derive(Debug)]
pub(crate) struct Keymap {
    places: HashMap<Keysym, Place>,
    /// Keys without a symbol, the longest unused first.
    spare: VecDeque<u8>,
    /// What spare keys were given.
    lent: HashMap<u8, Keysym>,
    /// How many spare keys have been given a symbol since programs last had time to look.
    fresh: usize,
    width: usize,
}

impl Screen {
    /// Presses a chord and lets it go.
    ///
    /// # Errors
    /// When a key cannot be had, or the X server has gone.
    pub fn chord(&mut self, chord: &Chord) -> Result<(), ScreenError> {
        self.holding(chord, |_| Ok(()))
    }

    /// Presses a chord, and lets it go when the wait is over.
    ///
    /// # Errors
    /// As for [`Self::chord`].
    pub fn hold(&mut self, chord: &Chord, wait: impl FnOnce()) -> Result<(), ScreenError> {
        self.holding(chord, |screen| {
            screen.finish()?;
            wait();
            Ok(())
        })
    }

    /// Types text, line ends and tabs as their keys.
    ///
    /// # Errors
    /// As for [`Self::chord`].
    pub fn type_text(&mut self, text: &str) -> Result<(), ScreenError> {
        for character in text.chars() {
            let place = self.key(keys::of_character(character))?;
            let shift = if place.shifted { Some(self.key(Keysym::new(key::Shift_L))?.code) } else { None };
            let codes = shift.into_iter().chain([place.code]);
            codes.clone().try_for_each(|code| self.fake(KEY_PRESS_EVENT, code, 0, 0))?;
            codes.rev().try_for_each(|code| self.fake(KEY_RELEASE_EVENT, code, 0, 0))?;
        }
        self.finish()
    }

    /// Does something while keys are down. They are let go whatever comes of it.
    pub(crate) fn holding(
        &mut self,
        chord: &Chord,
        work: impl FnOnce(&mut Self) -> Result<(), ScreenError>,
    ) -> Result<(), ScreenError> {
        let mut codes = Vec::new();
        for symbol in &chord.0 {
            let place = self.key(*symbol)?;
            if place.shifted {
                codes.push(self.key(Keysym::new(key::Shift_L))?.code);
            }
            codes.push(place.code);
        }
        codes.dedup();
        codes.iter().try_for_each(|code| self.fake(KEY_PRESS_EVENT, *code, 0, 0))?;
        let worked = work(self);
        codes.iter().rev().try_for_each(|code| self.fake(KEY_RELEASE_EVENT, *code, 0, 0))?;
        self.finish()?;
        worked
    }

    fn key(&mut self, symbol: Keysym) -> Result<Place, ScreenError> {
        let mut keymap = match self.keymap.take() {
            Some(keymap) if !self.has_changed()? => keymap,
            _ => Keymap::of(self)?,
        };
        let place = match keymap.places.get(&symbol) {
            Some(place) => Ok(*place),
            None => keymap.lend(self, symbol),
        };
        self.keymap = Some(keymap);
        place
    }

    /// Whether somebody has changed the keyboard. What was changed here is told too, and is known already.
    fn has_changed(&self) -> Result<bool, ScreenError> {
        let mut changed = false;
        while let Some(event) = self.connection.poll_for_event()? {
            changed |= matches!(event, Event::MappingNotify(_));
        }
        Ok(changed)
    }
}

impl Keymap {
    fn of(screen: &Screen) -> Result<Self, ScreenError> {
        let setup = screen.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let mapping = screen.connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        let width = usize::from(mapping.keysyms_per_keycode).max(1);
        let (mut places, mut spare) = (HashMap::new(), VecDeque::new());
        for (code, symbols) in (first..=last).zip(mapping.keysyms.chunks(width)) {
            if symbols.iter().all(|symbol| *symbol == 0) {
                spare.push_back(code);
            }
            // Only the first group counts, without and with shift: it is the one in use.
            for (symbol, shifted) in symbols.iter().zip([false, true]).filter(|(symbol, _)| **symbol != 0) {
                places.entry(Keysym::new(*symbol)).or_insert(Place { code, shifted });
            }
        }
        Ok(Self { places, spare, lent: HashMap::new(), fresh: 0, width })
    }

    /// Gives a symbol to a spare key, the one that was given one longest ago.
    fn lend(&mut self, screen: &Screen, symbol: Keysym) -> Result<Place, ScreenError> {
        let code = self.spare.pop_front().ok_or(ScreenError::Unsuitable("its keyboard has no spare key"))?;
        self.spare.push_back(code);
        self.fresh += 1;
        if self.fresh >= self.spare.len() {
            screen.finish()?;
            std::thread::sleep(BEFORE_REUSE);
            self.fresh = 0;
        }
        if let Some(before) = self.lent.insert(code, symbol) {
            self.places.remove(&before);
        }
        let symbols = vec![symbol.raw(); self.width];
        screen.connection.change_keyboard_mapping(1, code, self.width as u8, &symbols)?.check()?;
        // The change itself is announced; it is no news here.
        screen.has_changed()?;
        let place = Place { code, shifted: false };
        self.places.insert(symbol, place);
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_read_as_people_write_them() {
        let chord = |keys: &[u32]| Chord(keys.iter().map(|key| Keysym::new(*key)).collect());
        for (text, expected) in [
            ("Return", chord(&[key::Return])),
            ("ctrl+c", chord(&[key::Control_L, key::c])),
            ("Ctrl + Shift + T", chord(&[key::Control_L, key::Shift_L, key::T])),
            ("+", chord(&[key::plus])),
            ("ctrl++", chord(&[key::Control_L, key::plus])),
            ("alt+Tab", chord(&[key::Alt_L, key::Tab])),
        ] {
            assert_eq!(Chord::read(text).unwrap(), expected, "{text}");
        }
        for wrong in ["", "   ", "ctrl+nothing", "a+b+c+d+e+f+g+h+i", "ctrl+ +x+"] {
            assert!(Chord::read(wrong).is_err(), "{wrong}");
        }
    }
}
