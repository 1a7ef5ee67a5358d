//! The tools that look at the screen and act on it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use holt_screen::{Area, Button, Chord, Format, Picture, Point, Screen, ScreenError, Scroll, Settle, Size, Tile, Window};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Patience, Toolbox, computer};
use crate::answer::{Answer, Failure, Outcome, Shown};
use crate::catalogue::screen::{MAX_WAIT_SECONDS, Pixels, ScreenCall};
use crate::clock::Clock;

/// How long a desktop that is being started may take.
const COMING_UP: Duration = Duration::from_secs(20);
const BETWEEN_TRIES: Duration = Duration::from_millis(5);
/// Nothing was drawn for so long: the screen has settled.
const QUIET: Duration = Duration::from_millis(200);
const SETTLE_SECONDS: u64 = 10;
const MOST_NAMED: usize = 40;

/// The display, and the connection to it while there is one.
#[derive(Debug, Clone)]
pub struct Display {
    name: Option<String>,
    screen: Arc<Mutex<Option<Screen>>>,
}

impl Display {
    /// The display of that name, such as `:1`; without a name, this sandbox has none.
    pub fn new(name: Option<String>) -> Self {
        Self { name, screen: Arc::default() }
    }

    fn name(&self) -> Result<&str, Failure> {
        self.name.as_deref().ok_or_else(|| Failure::new("no_desktop", "this sandbox has no desktop"))
    }

    /// Does something with the screen, which may just be coming up. Blocks.
    pub fn with<T>(&self, work: impl Fn(&mut Screen) -> Result<T, ScreenError>) -> Result<T, Failure> {
        let name = self.name()?;
        let mut slot = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = Instant::now();
        loop {
            let done = match slot.as_mut() {
                Some(screen) => work(screen),
                None => Screen::open(name).and_then(|screen| work(slot.insert(screen))),
            };
            match done {
                Err(error) if error.is_gone() && begun.elapsed() < COMING_UP => {
                    *slot = None;
                    std::thread::sleep(BETWEEN_TRIES);
                }
                Err(error) => {
                    *slot = None;
                    return Err(failure(&error));
                }
                Ok(done) => return Ok(done),
            }
        }
    }

    /// Waits until nothing is drawn any more. Blocks. Others may use the screen meanwhile.
    pub fn settle(&self, quiet: Duration, most: Duration) -> Result<holt_screen::Settled, Failure> {
        // It may just be coming up.
        self.with(|screen| screen.size())?;
        Settle { quiet, most }.wait(self.name()?).map_err(|error| failure(&error))
    }
}

pub fn failure(error: &ScreenError) -> Failure {
    let (code, hint) = match error {
        ScreenError::NoScreen(_) | ScreenError::Gone(_) => ("no_desktop", " It is started again for the next call."),
        ScreenError::OffScreen { .. } => ("off_screen", ""),
        ScreenError::UnknownKey(_) => ("unknown_key", ""),
        ScreenError::NoWindow(_) => ("no_window", ""),
        ScreenError::NoManager => ("no_window_manager", ""),
        _ => ("screen_error", ""),
    };
    Failure::new(code, format!("{error}.{hint}"))
}

pub async fn call(toolbox: &Arc<Toolbox>, call: ScreenCall, cancelled: CancellationToken) -> Outcome {
    match call {
        ScreenCall::Wait(wanted) => wait(wanted.seconds, cancelled).await,
        other => {
            let work = move |this: &Toolbox, patience: &Patience| act(this, &other, &|| patience.go_on().is_continue());
            toolbox.block(Duration::from_secs(MAX_WAIT_SECONDS), cancelled, work).await
        }
    }
}

async fn wait(seconds: Option<u64>, cancelled: CancellationToken) -> Outcome {
    let seconds = seconds.unwrap_or(1).min(MAX_WAIT_SECONDS);
    let mut clock = Clock::new(Duration::from_secs(seconds));
    tokio::select! {
        () = cancelled.cancelled() => {}
        () = clock.run_out() => {}
    }
    Ok(Answer::new(format!("Waited {seconds} s."), json!({ "seconds": seconds })))
}

fn act(toolbox: &Toolbox, call: &ScreenCall, go_on: &dyn Fn() -> bool) -> Outcome {
    let display = &toolbox.display;
    match call {
        ScreenCall::Click(wanted) => {
            let button = button(wanted.button.as_deref())?;
            let (held, times) = (chord(wanted.hold.as_deref())?, wanted.clicks.unwrap_or(1).clamp(1, 3) as u32);
            let at = point(wanted.x, wanted.y);
            display.with(|screen| screen.click(Some(at), button, times, &held))?;
            done(format!("Clicked at ({}, {}).", at.x, at.y))
        }
        ScreenCall::MoveTo(wanted) => {
            display.with(|screen| screen.move_to(point(wanted.x, wanted.y)))?;
            done(format!("The pointer is at ({}, {}).", wanted.x.0, wanted.y.0))
        }
        ScreenCall::Drag(wanted) => {
            let path = [point(wanted.from_x, wanted.from_y), point(wanted.to_x, wanted.to_y)];
            let held = chord(wanted.hold.as_deref())?;
            display.with(|screen| screen.drag(&path, &held))?;
            done(format!("Dragged from ({}, {}) to ({}, {}).", path[0].x, path[0].y, path[1].x, path[1].y))
        }
        ScreenCall::Turn(wanted) => {
            let way = way(wanted.direction.as_deref().unwrap_or("down"))?;
            let notches = wanted.amount.unwrap_or(3).min(100) as u32;
            let at = wanted.x.zip(wanted.y).map(|(x, y)| Point { x: small(x), y: small(y) });
            display.with(|screen| screen.scroll(at, way, notches, &Chord::default()))?;
            done(format!("Turned the wheel by {notches}."))
        }
        ScreenCall::Text(wanted) => {
            display.with(|screen| screen.type_text(&wanted.text))?;
            done(format!("Typed {} characters.", wanted.text.chars().count()))
        }
        ScreenCall::Key(wanted) => {
            press(display, &wanted.key)?;
            done(format!("Pressed {}.", wanted.key))
        }
        ScreenCall::HoldKey(wanted) => {
            let (held, seconds) = (chord(Some(&wanted.key))?, wanted.seconds.unwrap_or(1).min(MAX_WAIT_SECONDS));
            hold(display, &held, Duration::from_secs(seconds), go_on)?;
            done(format!("Held {} for {seconds} s.", wanted.key))
        }
        ScreenCall::Wait(_) => done(String::new()),
        ScreenCall::WaitUntilSettled(wanted) => {
            let most = Duration::from_secs(wanted.seconds.unwrap_or(SETTLE_SECONDS).min(MAX_WAIT_SECONDS));
            let settled = display.settle(QUIET, most)?;
            let text = if settled.still { "The screen stands still." } else { "Something is still being drawn." };
            Ok(Answer::new(text, json!({ "still": settled.still, "waited_ms": settled.waited.as_millis() as u64 })))
        }
        ScreenCall::Shot(wanted) => screenshot(toolbox, wanted.format.as_deref()),
        ScreenCall::Zoom(wanted) => {
            let area =
                Area { x: wanted.x.0, y: wanted.y.0, width: wanted.width.0.max(0) as u32, height: wanted.height.0.max(0) as u32 };
            let picture = display.with(|screen| screen.picture(Some(area)))?;
            let facts = json!({ "width": picture.width, "height": picture.height });
            shown(Answer::new(format!("{} x {} pixels.", picture.width, picture.height), facts), &picture, Format::Png)
        }
        ScreenCall::CursorPosition => {
            let at = display.with(|screen| screen.pointer())?;
            Ok(Answer::new(format!("The pointer is at ({}, {}).", at.x, at.y), json!({ "x": at.x, "y": at.y })))
        }
        ScreenCall::Computer(wanted) => computer::computer(display, wanted, go_on),
        about_windows => windows(display, about_windows),
    }
}

fn windows(display: &Display, call: &ScreenCall) -> Outcome {
    match call {
        ScreenCall::WindowInfo => match display.with(|screen| screen.active())? {
            Some(window) => Ok(Answer::new(in_words(&window), json!({ "window": facts(&window) }))),
            None => Ok(Answer::new("No window has the keyboard.", json!({ "window": null }))),
        },
        ScreenCall::FindWindow(wanted) => {
            let found = display.with(|screen| screen.find_windows(&wanted.name_pattern))?;
            let lines: Vec<String> = found.iter().take(MOST_NAMED).map(in_words).collect();
            let text = if lines.is_empty() { "No window has that in its title.".to_owned() } else { lines.join("\n") };
            Ok(Answer::new(text, json!({ "windows": found.iter().take(MOST_NAMED).map(facts).collect::<Vec<_>>() })))
        }
        ScreenCall::Activate(wanted) => {
            display.with(|screen| screen.activate(wanted.window_id.0))?;
            done("The window is in front and has the keyboard.".into())
        }
        ScreenCall::MoveWindow(wanted) => {
            display.with(|screen| screen.move_window(wanted.window_id.0, wanted.x.0, wanted.y.0))?;
            done(format!("The window is at ({}, {}).", wanted.x.0, wanted.y.0))
        }
        ScreenCall::ResizeWindow(wanted) => {
            let size = Size { width: wanted.width.0.max(1) as u32, height: wanted.height.0.max(1) as u32 };
            display.with(|screen| screen.resize_window(wanted.window_id.0, size))?;
            done(format!("The window is asked to be {} x {}.", size.width, size.height))
        }
        ScreenCall::Tile(name, wanted) => {
            let tile = tile(name);
            display.with(|screen| screen.tile(wanted.window_id.0, tile))?;
            done("The window is in its part of the screen.".into())
        }
        ScreenCall::Minimize(wanted) => {
            display.with(|screen| screen.minimize(wanted.window_id.0))?;
            done("The window is an icon.".into())
        }
        ScreenCall::Center(wanted) => {
            display.with(|screen| screen.center(wanted.window_id.0))?;
            done("The window is in the middle of the screen.".into())
        }
        _ => Err(Failure::new("internal", "this is not about windows")),
    }
}

/// The whole screen, pixel for pixel: a file in the workspace, and the picture itself.
fn screenshot(toolbox: &Toolbox, format: Option<&str>) -> Outcome {
    let format = match format.unwrap_or("png") {
        "png" => Format::Png,
        "jpeg" | "jpg" => Format::Jpeg,
        "webp" => Format::WebP,
        other => return Err(Failure::new("bad_arguments", format!("`{other}` is not `png`, `jpeg` or `webp`"))),
    };
    let picture = toolbox.display.with(|screen| screen.picture(None))?;
    let file = picture.encode(format).map_err(|error| failure(&error))?;
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let path = format!("screenshot-{millis}.{}", format.media_type().trim_start_matches("image/"));
    let (written, _) = super::write::write_bytes(toolbox, &path, &file)?;
    let text = format!("{written} ({} x {} pixels).", picture.width, picture.height);
    let facts = json!({ "path": written, "width": picture.width, "height": picture.height });
    // The model's copy is the smaller one.
    shown(Answer::new(text, facts), &picture, Format::Jpeg)
}

pub fn shown(mut answer: Answer, picture: &Picture, format: Format) -> Outcome {
    let bytes = picture.encode(format).map_err(|error| failure(&error))?;
    answer.pictures.push(Shown { media_type: format.media_type(), bytes });
    Ok(answer)
}

/// Presses keys, one chord after the other.
pub fn press(display: &Display, keys: &str) -> Result<(), Failure> {
    let chords = keys.split_whitespace().map(Chord::read).collect::<Result<Vec<_>, _>>().map_err(|error| failure(&error))?;
    if chords.is_empty() {
        return Err(failure(&ScreenError::UnknownKey(keys.to_owned())));
    }
    display.with(|screen| chords.iter().try_for_each(|chord| screen.chord(chord)))
}

pub fn hold(display: &Display, chord: &Chord, time: Duration, go_on: &dyn Fn() -> bool) -> Result<(), Failure> {
    display.with(|screen| screen.hold(chord, || stay(time, go_on)))
}

/// Lets time pass. Blocks.
pub fn stay(time: Duration, go_on: &dyn Fn() -> bool) {
    let mut clock = Clock::new(time);
    while !clock.look() && go_on() {
        std::thread::sleep(Duration::from_millis(10).min(time));
    }
}

pub fn chord(keys: Option<&str>) -> Result<Chord, Failure> {
    keys.map_or_else(|| Ok(Chord::default()), |keys| Chord::read(keys).map_err(|error| failure(&error)))
}

pub fn button(name: Option<&str>) -> Result<Button, Failure> {
    Ok(match name.unwrap_or("left") {
        "left" => Button::Left,
        "middle" | "wheel" => Button::Middle,
        "right" => Button::Right,
        "back" => Button::Back,
        "forward" => Button::Forward,
        other => return Err(Failure::new("bad_arguments", format!("`{other}` is not `left`, `middle` or `right`"))),
    })
}

pub fn way(name: &str) -> Result<Scroll, Failure> {
    Ok(match name {
        "up" => Scroll::Up,
        "down" => Scroll::Down,
        "left" => Scroll::Left,
        "right" => Scroll::Right,
        other => return Err(Failure::new("bad_arguments", format!("`{other}` is not `up`, `down`, `left` or `right`"))),
    })
}

fn tile(name: &str) -> Tile {
    match name {
        "tile_window_left" => Tile::Left,
        "tile_window_right" => Tile::Right,
        "tile_window_top_left" => Tile::TopLeft,
        "tile_window_top_right" => Tile::TopRight,
        "tile_window_bottom_left" => Tile::BottomLeft,
        _ => Tile::BottomRight,
    }
}

fn done(text: String) -> Outcome {
    Ok(Answer::new(text, json!({})))
}

fn point(x: Pixels, y: Pixels) -> Point {
    Point { x: x.0, y: y.0 }
}

fn small(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn in_words(window: &Window) -> String {
    let Area { x, y, width, height } = window.area;
    let active = if window.active { ", active" } else { "" };
    format!("{:#x} \"{}\" at ({x}, {y}), {width} x {height}{active}", window.id, window.title)
}

fn facts(window: &Window) -> serde_json::Value {
    let Area { x, y, width, height } = window.area;
    let id = format!("{:#x}", window.id);
    json!({ "id": id, "title": window.title, "x": x, "y": y, "width": width, "height": height, "active": window.active })
}
