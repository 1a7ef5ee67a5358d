//! The names of keys, as people and models write them.

use xkeysym::{Keysym, key};

/// The key of a name such as `Return`, `ctrl`, `F5` or `é`. Upper and lower case are the same, except for a single character.
pub fn named(name: &str) -> Option<Keysym> {
    let mut characters = name.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return Some(of_character(character));
    }
    let name = name.to_ascii_lowercase();
    if let Some(number) = name.strip_prefix('f').and_then(|number| number.parse::<u32>().ok()) {
        return (1..=24).contains(&number).then(|| Keysym::new(key::F1 + number - 1));
    }
    let found = NAMES.binary_search_by_key(&name.as_str(), |(name, _)| name).ok()?;
    Some(Keysym::new(NAMES[found].1))
}

/// The key that types a character.
pub fn of_character(character: char) -> Keysym {
    match character {
        '\n' | '\r' => Keysym::new(key::Return),
        '\t' => Keysym::new(key::Tab),
        '\u{8}' => Keysym::new(key::BackSpace),
        '\u{1b}' => Keysym::new(key::Escape),
        '\u{7f}' => Keysym::new(key::Delete),
        other => Keysym::from_char(other),
    }
}

/// Sorted by name.
const NAMES: &[(&str, u32)] = &[
    ("alt", key::Alt_L),
    ("alt_l", key::Alt_L),
    ("alt_r", key::Alt_R),
    ("altgr", key::ISO_Level3_Shift),
    ("ampersand", key::ampersand),
    ("apostrophe", key::apostrophe),
    ("arrowdown", key::Down),
    ("arrowleft", key::Left),
    ("arrowright", key::Right),
    ("arrowup", key::Up),
    ("asterisk", key::asterisk),
    ("at", key::at),
    ("backslash", key::backslash),
    ("backspace", key::BackSpace),
    ("break", key::Break),
    ("caps_lock", key::Caps_Lock),
    ("capslock", key::Caps_Lock),
    ("cmd", key::Super_L),
    ("colon", key::colon),
    ("comma", key::comma),
    ("command", key::Super_L),
    ("control", key::Control_L),
    ("control_l", key::Control_L),
    ("control_r", key::Control_R),
    ("ctrl", key::Control_L),
    ("del", key::Delete),
    ("delete", key::Delete),
    ("dollar", key::dollar),
    ("down", key::Down),
    ("end", key::End),
    ("enter", key::Return),
    ("equal", key::equal),
    ("esc", key::Escape),
    ("escape", key::Escape),
    ("exclam", key::exclam),
    ("grave", key::grave),
    ("home", key::Home),
    ("ins", key::Insert),
    ("insert", key::Insert),
    ("iso_level3_shift", key::ISO_Level3_Shift),
    ("kp_enter", key::KP_Enter),
    ("left", key::Left),
    ("linefeed", key::Linefeed),
    ("menu", key::Menu),
    ("meta", key::Meta_L),
    ("meta_l", key::Meta_L),
    ("meta_r", key::Meta_R),
    ("minus", key::minus),
    ("next", key::Next),
    ("num_lock", key::Num_Lock),
    ("numbersign", key::numbersign),
    ("numlock", key::Num_Lock),
    ("option", key::Alt_L),
    ("page_down", key::Next),
    ("page_up", key::Prior),
    ("pagedown", key::Next),
    ("pageup", key::Prior),
    ("parenleft", key::parenleft),
    ("parenright", key::parenright),
    ("pause", key::Pause),
    ("percent", key::percent),
    ("period", key::period),
    ("pgdn", key::Next),
    ("pgup", key::Prior),
    ("plus", key::plus),
    ("print", key::Print),
    ("printscreen", key::Print),
    ("prior", key::Prior),
    ("question", key::question),
    ("quotedbl", key::quotedbl),
    ("return", key::Return),
    ("right", key::Right),
    ("scroll_lock", key::Scroll_Lock),
    ("semicolon", key::semicolon),
    ("shift", key::Shift_L),
    ("shift_l", key::Shift_L),
    ("shift_r", key::Shift_R),
    ("slash", key::slash),
    ("space", key::space),
    ("super", key::Super_L),
    ("super_l", key::Super_L),
    ("super_r", key::Super_R),
    ("tab", key::Tab),
    ("underscore", key::underscore),
    ("up", key::Up),
    ("win", key::Super_L),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_order_and_found() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| *name), "{:?}", NAMES.windows(2).find(|two| two[0].0 > two[1].0));
        for (name, symbol) in NAMES {
            assert_eq!(named(name), Some(Keysym::new(*symbol)), "{name}");
        }
    }

    #[test]
    fn keys_are_found_by_character_number_and_case() {
        for (name, expected) in [
            ("a", key::a),
            ("A", key::A),
            ("é", key::eacute),
            ("€", key::EuroSign),
            ("F5", key::F5),
            ("f12", key::F12),
            ("RETURN", key::Return),
            ("Page_Down", key::Next),
        ] {
            assert_eq!(named(name), Some(Keysym::new(expected)), "{name}");
        }
        assert_eq!(named("水"), Some(Keysym::new(0x0100_0000 + '水' as u32)));
        for wrong in ["", "F0", "F25", "hyper-drive", "ctrl+c"] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }
}
