//! Which desktops sandboxes can have here: what this machine has of the programs that make one.

use std::path::Path;

use holt_core::sandbox::{Finding, FindingState};

use crate::environment::PUBLIC;

/// A program of a desktop, by any of its names, and the package that brings it.
type Part = (&'static [&'static str], &'static str);

const SCREEN: Part = (&["Xtigervnc", "Xvnc"], "tigervnc-standalone-server");
const LIGHT: &[Part] = &[SCREEN, (&["openbox"], "openbox")];
const FULL: &[Part] = &[SCREEN, (&["xfce4-session"], "xfce4"), (&["dbus-run-session"], "dbus-daemon")];

/// What is said about each flavour.
pub fn examine() -> Vec<Finding> {
    let places: Vec<&Path> = PUBLIC.iter().map(Path::new).collect();
    examine_in(&places)
}

fn examine_in(places: &[&Path]) -> Vec<Finding> {
    let hint = "Sessions run without one; what looks at a screen or acts on it says that there is none.";
    let light = flavour("desktop", "Sessions can have a desktop", "Sessions cannot have a desktop", hint, missing(LIGHT, places));
    let hint = "Only sessions whose desktop is to be `full` need it; `light` is what others get.";
    let good = "Sessions can have the whole desktop environment (`full`)";
    let full = flavour("desktop_full", good, "Sessions cannot have the desktop `full`", hint, missing(FULL, places));
    vec![light, full]
}

fn missing(parts: &'static [Part], places: &[&Path]) -> Vec<&'static Part> {
    let there = |name: &&str| places.iter().any(|place| place.join(name).exists());
    parts.iter().filter(|(names, _)| !names.iter().any(there)).collect()
}

fn flavour(name: &str, good: &str, weak: &str, hint: &str, missing: Vec<&Part>) -> Finding {
    let finding = |state, text, hint, fix| Finding { name: name.to_owned(), state, text, hint, fix };
    if missing.is_empty() {
        return finding(FindingState::Good, format!("{good}."), None, None);
    }
    let (names, packages): (Vec<&str>, Vec<&str>) = missing.into_iter().map(|(names, package)| (names[0], *package)).unzip();
    let there = if names.len() == 1 { "is" } else { "are" };
    let text = format!("{weak}: {} {there} not installed.", names.join(" and "));
    finding(FindingState::Weak, text, Some(hint.to_owned()), Some(format!("apt install {}", packages.join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_desktop_lacks_is_named_with_what_brings_it() {
        let place = tempfile::tempdir().unwrap();
        let found = || examine_in(&[place.path()]).into_iter().map(|one| (one.state, one.text, one.fix)).collect::<Vec<_>>();
        let weak = |text: &str, fix: &str| (FindingState::Weak, text.to_owned(), Some(fix.to_owned()));
        let bare = found();
        let text = "Sessions cannot have a desktop: Xtigervnc and openbox are not installed.";
        assert_eq!(bare[0], weak(text, "apt install tigervnc-standalone-server openbox"));
        assert!(bare[1].1.contains("Xtigervnc and xfce4-session and dbus-run-session"), "{bare:?}");

        std::fs::write(place.path().join("Xvnc"), "").unwrap();
        let text = "Sessions cannot have a desktop: openbox is not installed.";
        assert_eq!(found()[0], weak(text, "apt install openbox"), "either name will do");
        for name in ["openbox", "dbus-run-session"] {
            std::fs::write(place.path().join(name), "").unwrap();
        }
        let text = "Sessions cannot have the desktop `full`: xfce4-session is not installed.";
        let good = (FindingState::Good, "Sessions can have a desktop.".to_owned(), None);
        assert_eq!(found(), [good, weak(text, "apt install xfce4")]);
    }
}
