//! Keys by name, as Chromium is told of them.

use serde_json::{Value, json};

/// A key that can be pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    code: String,
    number: u32,
    text: Option<String>,
    modifier: u32,
}

/// Keys to press together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chord {
    pub held: Vec<Key>,
    pub last: Option<Key>,
}

const ALT: u32 = 1;
const CONTROL: u32 = 2;
const META: u32 = 4;
const SHIFT: u32 = 8;

/// Name, other names, code, number, modifier.
const NAMED: &[(&str, &[&str], &str, u32, u32)] = &[
    ("Enter", &["Return"], "Enter", 13, 0),
    ("Tab", &[], "Tab", 9, 0),
    ("Escape", &["Esc"], "Escape", 27, 0),
    ("Backspace", &[], "Backspace", 8, 0),
    ("Delete", &["Del"], "Delete", 46, 0),
    ("Insert", &[], "Insert", 45, 0),
    ("Home", &[], "Home", 36, 0),
    ("End", &[], "End", 35, 0),
    ("PageUp", &["Page_Up"], "PageUp", 33, 0),
    ("PageDown", &["Page_Down"], "PageDown", 34, 0),
    ("ArrowUp", &["Up"], "ArrowUp", 38, 0),
    ("ArrowDown", &["Down"], "ArrowDown", 40, 0),
    ("ArrowLeft", &["Left"], "ArrowLeft", 37, 0),
    ("ArrowRight", &["Right"], "ArrowRight", 39, 0),
    ("Control", &["Ctrl", "ControlOrMeta"], "ControlLeft", 17, CONTROL),
    ("Alt", &["Option"], "AltLeft", 18, ALT),
    ("Shift", &[], "ShiftLeft", 16, SHIFT),
    ("Meta", &["Super", "Cmd", "Command", "Win"], "MetaLeft", 91, META),
    (" ", &["Space"], "Space", 32, 0),
    ("+", &["Plus"], "Equal", 187, 0),
];

impl Key {
    fn named(name: &str) -> Option<Self> {
        let found = NAMED.iter().find(|(own, others, ..)| {
            own.eq_ignore_ascii_case(name) || others.iter().any(|other| other.eq_ignore_ascii_case(name))
        });
        if let Some((own, _, code, number, modifier)) = found {
            let text = match *own {
                "Enter" => Some("\r".to_owned()),
                one if one.chars().count() == 1 => Some(one.to_owned()),
                _ => None,
            };
            return Some(Self { name: (*own).into(), code: (*code).into(), number: *number, text, modifier: *modifier });
        }
        let function = name
            .strip_prefix(['F', 'f'])
            .and_then(|number| number.parse::<u32>().ok())
            .filter(|number| (1..=12).contains(number));
        if let Some(number) = function {
            let name = format!("F{number}");
            return Some(Self { code: name.clone(), name, number: 111 + number, text: None, modifier: 0 });
        }
        let mut letters = name.chars();
        letters.next().filter(|_| letters.next().is_none()).map(Self::of_letter)
    }

    /// The key that makes this character.
    pub fn of_letter(letter: char) -> Self {
        if matches!(letter, '\n' | '\r') {
            return Self { name: "Enter".into(), code: "Enter".into(), number: 13, text: Some("\r".into()), modifier: 0 };
        }
        let upper = letter.to_ascii_uppercase();
        let (code, number) = match upper {
            'A'..='Z' => (format!("Key{upper}"), u32::from(upper)),
            '0'..='9' => (format!("Digit{upper}"), u32::from(upper)),
            ' ' => ("Space".into(), 32),
            _ => (String::new(), 0),
        };
        Self { name: letter.into(), code, number, text: Some(letter.into()), modifier: 0 }
    }

    /// What is said when it goes down, with these keys held.
    pub fn down(&self, held: u32) -> Value {
        let text = self.text.as_ref().filter(|_| held & (ALT | CONTROL | META) == 0);
        let kind = if text.is_some() { "keyDown" } else { "rawKeyDown" };
        let mut event = self.event(kind, held | self.modifier);
        if let Some(text) = text {
            event["text"] = json!(text);
            event["unmodifiedText"] = json!(text);
        }
        // Chords that edit are commands, which Chromium's own key bindings would make of them.
        if held == CONTROL && self.name.eq_ignore_ascii_case("a") {
            event["commands"] = json!(["selectAll"]);
        }
        event
    }

    pub fn up(&self, held: u32) -> Value {
        self.event("keyUp", held & !self.modifier)
    }

    fn event(&self, kind: &str, modifiers: u32) -> Value {
        json!({
            "type": kind,
            "modifiers": modifiers,
            "key": self.name,
            "code": self.code,
            "windowsVirtualKeyCode": self.number,
            "nativeVirtualKeyCode": self.number,
        })
    }
}

impl Chord {
    /// Reads `Control+Shift+k`; nothing when one of its names is no key's.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let names: Vec<&str> = match text.strip_suffix("++") {
            Some(front) => front.split('+').chain(["+"]).collect(),
            None if text == "+" => vec!["+"],
            None => text.split('+').collect(),
        };
        let mut keys = names.into_iter().map(|name| Key::named(name.trim())).collect::<Option<Vec<_>>>()?;
        let last = keys.pop_if(|key| key.modifier == 0);
        keys.iter().all(|key| key.modifier != 0).then_some(Self { held: keys, last })
    }

    pub fn modifiers(&self) -> u32 {
        self.held.iter().fold(0, |all, key| all | key.modifier)
    }

    /// Everything that is said to press and let go.
    pub fn events(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut held = 0;
        for key in &self.held {
            all.push(key.down(held));
            held |= key.modifier;
        }
        if let Some(key) = &self.last {
            all.extend([key.down(held), key.up(held)]);
        }
        for key in self.held.iter().rev() {
            all.push(key.up(held));
            held &= !key.modifier;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_read_in_the_ways_that_models_write_them() {
        for (text, modifiers, last) in [
            ("Enter", 0, Some("Enter")),
            ("ctrl+A", CONTROL, Some("A")),
            ("Control+Shift+Tab", CONTROL | SHIFT, Some("Tab")),
            ("Control++", CONTROL, Some("+")),
            ("+", 0, Some("+")),
            ("Shift", SHIFT, None),
            ("f5", 0, Some("F5")),
            ("ß", 0, Some("ß")),
        ] {
            let chord = Chord::read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((chord.modifiers(), chord.last.as_ref().map(|key| &*key.name)), (modifiers, last), "{text}");
        }
        for wrong in ["", "Warp", "a+b", "F13", "Control+Warp"] {
            assert_eq!(Chord::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_goes_down_comes_up() {
        let events = Chord::read("Control+Shift+k").unwrap().events();
        let told: Vec<_> =
            events.iter().map(|event| (event["type"].as_str().unwrap(), event["modifiers"].as_u64().unwrap())).collect();
        let expected = [("rawKeyDown", 2), ("rawKeyDown", 10), ("rawKeyDown", 10), ("keyUp", 10), ("keyUp", 2), ("keyUp", 0)];
        assert_eq!(told, expected);
        assert_eq!(Key::of_letter('x').down(0)["text"], "x");
    }
}
