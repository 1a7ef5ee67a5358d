//! How a desktop looks, and which programs make it one.

use std::fs;
use std::io;
use std::path::PathBuf;

use holt_screen::{Screen, ScreenError};

use super::is_there;

/// The colour behind everything, calm and dark enough for light windows to stand out.
const BACKGROUND: u32 = 0x0023_2d2b;
/// What programs of the old kind look up for their looks: the terminal above all.
const RESOURCES: &str = "XTerm*faceName: DejaVu Sans Mono\n\
    XTerm*faceSize: 11\n\
    XTerm*background: #101312\n\
    XTerm*foreground: #e6ebe9\n\
    XTerm*cursorColor: #4fd1c0\n\
    XTerm*internalBorder: 8\n\
    XTerm*saveLines: 5000\n\
    XTerm*utf8: 1\n\
    XTerm*selectToClipboard: true\n\
    Xcursor.size: 24\n";
const OPENBOX: &str = include_str!("openbox.xml");
const MENU: &str = include_str!("menu.xml");
const THEME: &str = include_str!("themerc");
/// Where the window manager looks for its theme, besides the system's places.
const DATA_DIRECTORIES: &str = "/usr/local/share:/usr/share";

pub fn dress(screen: &Screen) -> Result<(), ScreenError> {
    screen.set_resources(RESOURCES)?;
    screen.set_background(BACKGROUND)
}

/// How to start what manages the windows.
#[derive(Debug)]
pub struct Manager {
    pub argv: Vec<String>,
    pub variables: Vec<(&'static str, String)>,
}

/// The small window manager with its settings, which are written where the sandbox's user may change them.
pub fn window_manager() -> io::Result<Manager> {
    if !is_there("openbox") {
        return Err(io::Error::other("there is no openbox, which manages the windows: install openbox"));
    }
    let directory = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR").unwrap_or_else(|| "/tmp".into())).join("desktop");
    let theme = directory.join("themes/Holt/openbox-3");
    fs::create_dir_all(&theme)?;
    let (settings, menu) = (directory.join("openbox.xml"), directory.join("menu.xml"));
    fs::write(&settings, OPENBOX.replace("@MENU@", &menu.display().to_string()))?;
    fs::write(&menu, MENU)?;
    fs::write(theme.join("themerc"), THEME)?;
    Ok(Manager {
        argv: vec!["openbox".into(), "--config-file".into(), settings.display().to_string()],
        variables: vec![("XDG_DATA_DIRS", format!("{}:{DATA_DIRECTORIES}", directory.display()))],
    })
}

/// The whole desktop environment, with a message bus of its own.
pub fn desktop_environment() -> io::Result<Manager> {
    let missing = ["dbus-run-session", "xfce4-session"].into_iter().find(|program| !is_there(program));
    if let Some(program) = missing {
        return Err(io::Error::other(format!("there is no {program}: install xfce4 and dbus-daemon")));
    }
    let argv = ["dbus-run-session", "--", "xfce4-session"].map(str::to_owned).to_vec();
    Ok(Manager { argv, variables: Vec::new() })
}
