//! `computer`: the whole screen as one tool, in the shapes that models are trained on.
//!
//! A model sees the screen no larger than it can look at; its coordinates are mapped back.

use std::time::Duration;

use holt_screen::{Button, Chord, Format, Point, Scroll, View};
use serde_json::json;

use super::screen::{self, Display};
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::screen::{Computer, MAX_WAIT_SECONDS};

/// After an action the screen is looked at once it stands still, or after the longer of these.
const STILL: Duration = Duration::from_millis(120);
const STILL_AT_MOST: Duration = Duration::from_secs(2);
/// How many pixels of scrolling are a notch of the wheel.
const PIXELS_OF_NOTCH: f64 = 100.0;

pub fn computer(display: &Display, wanted: &Computer, go_on: &dyn Fn() -> bool) -> Outcome {
    let view = View::of(display.with(|screen| screen.size())?);
    match wanted.action.as_str() {
        "screenshot" => return look(display, view, String::new()),
        "cursor_position" => {
            let at = view.to_shown(display.with(|screen| screen.pointer())?);
            return Ok(Answer::new(format!("X={},Y={}", at.x, at.y), json!({ "x": at.x, "y": at.y })));
        }
        "zoom" => return zoom(display, view, wanted),
        "wait" => screen::stay(seconds(wanted, 1.0), go_on),
        _ => act(display, view, wanted, go_on)?,
    }
    display.settle(STILL, STILL_AT_MOST)?;
    look(display, view, format!("Done: {}.", wanted.action.replace('_', " ")))
}

fn act(display: &Display, view: View, wanted: &Computer, go_on: &dyn Fn() -> bool) -> Result<(), Failure> {
    let at = wanted.coordinate.or(wanted.x.zip(wanted.y).map(|(x, y)| [x, y])).map(|at| point(view, at));
    let needed = || at.ok_or_else(|| missing(wanted, "coordinate"));
    let click = |button: Button, times: u32| {
        let keys = wanted.keys.as_ref().map(|keys| keys.join("+")).or_else(|| wanted.text.clone());
        let held = screen::chord(keys.as_deref().filter(|keys| !keys.trim().is_empty()))?;
        display.with(|screen| screen.click(at, button, times, &held))
    };
    match wanted.action.as_str() {
        "left_click" => click(Button::Left, 1),
        "click" => click(screen::button(wanted.button.as_deref())?, 1),
        "right_click" => click(Button::Right, 1),
        "middle_click" => click(Button::Middle, 1),
        "double_click" => click(Button::Left, 2),
        "triple_click" => click(Button::Left, 3),
        "mouse_move" | "move" => {
            let at = needed()?;
            display.with(|screen| screen.move_to(at))
        }
        "left_mouse_down" | "left_mouse_up" => {
            let down = wanted.action == "left_mouse_down";
            display.with(|screen| {
                at.map(|at| screen.move_to(at)).transpose()?;
                screen.press(Button::Left, down)
            })
        }
        "left_click_drag" | "drag" => {
            let path = path(display, view, wanted, at)?;
            display.with(|screen| screen.drag(&path, &Chord::default()))
        }
        "scroll" => scroll(display, wanted, at),
        "type" => {
            let text = wanted.text.as_deref().ok_or_else(|| missing(wanted, "text"))?;
            display.with(|screen| screen.type_text(text))
        }
        "key" | "keypress" => {
            let keys = wanted.keys.as_ref().map(|keys| keys.join("+")).or_else(|| wanted.text.clone());
            screen::press(display, &keys.ok_or_else(|| missing(wanted, "text"))?)
        }
        "hold_key" => {
            let held = screen::chord(Some(wanted.text.as_deref().ok_or_else(|| missing(wanted, "text"))?))?;
            screen::hold(display, &held, seconds(wanted, 1.0), go_on)
        }
        other => {
            let message = format!("there is no action `{}`; see the tool's description", other.escape_debug());
            Err(Failure::new("bad_arguments", message))
        }
    }
}

/// The points of a drag: a list of them, or a beginning and an end.
fn path(display: &Display, view: View, wanted: &Computer, to: Option<Point>) -> Result<Vec<Point>, Failure> {
    if let Some(path) = &wanted.path {
        return Ok(path.iter().take(200).map(|one| point(view, [one.x, one.y])).collect());
    }
    let from = match wanted.start_coordinate {
        Some(from) => point(view, from),
        None => display.with(|screen| screen.pointer())?,
    };
    Ok(vec![from, to.ok_or_else(|| missing(wanted, "coordinate"))?])
}

fn scroll(display: &Display, wanted: &Computer, at: Option<Point>) -> Result<(), Failure> {
    let held = screen::chord(wanted.text.as_deref().filter(|keys| !keys.trim().is_empty()))?;
    if let Some(direction) = &wanted.scroll_direction {
        let (way, notches) = (screen::way(direction)?, wanted.scroll_amount.unwrap_or(3).min(100) as u32);
        return display.with(|screen| screen.scroll(at, way, notches, &held));
    }
    let turn = |pixels: Option<f64>, back: Scroll, forth: Scroll| {
        let pixels = pixels.unwrap_or(0.0);
        let notches = (pixels.abs() / PIXELS_OF_NOTCH).ceil().min(100.0) as u32;
        (if pixels < 0.0 { back } else { forth }, notches)
    };
    let turns = [turn(wanted.scroll_y, Scroll::Up, Scroll::Down), turn(wanted.scroll_x, Scroll::Left, Scroll::Right)];
    display.with(|screen| turns.iter().try_for_each(|(way, notches)| screen.scroll(at, *way, *notches, &held)))
}

fn zoom(display: &Display, view: View, wanted: &Computer) -> Outcome {
    let [left, top, right, bottom] = wanted.region.ok_or_else(|| missing(wanted, "region"))?;
    let area = view.area_to_screen(whole([left, top]), whole([right, bottom]));
    let picture = display.with(|screen| screen.picture(Some(area)))?;
    let shown = View::of(picture.size()).shown;
    let scaled = picture.scaled(shown).map_err(|error| screen::failure(&error))?;
    screen::shown(Answer::new(String::new(), json!({})), &scaled, Format::Png)
}

fn look(display: &Display, view: View, text: String) -> Outcome {
    let picture = display.with(|screen| screen.picture(None))?;
    let scaled = picture.scaled(view.shown).map_err(|error| screen::failure(&error))?;
    let facts = json!({ "width": scaled.width, "height": scaled.height });
    screen::shown(Answer::new(text, facts), &scaled, Format::Jpeg)
}

fn seconds(wanted: &Computer, default: f64) -> Duration {
    let seconds = wanted.duration.unwrap_or(default).clamp(0.0, MAX_WAIT_SECONDS as f64);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn point(view: View, at: [f64; 2]) -> Point {
    view.to_screen(whole(at))
}

fn whole([x, y]: [f64; 2]) -> Point {
    // What is far outside is outside all the same.
    Point { x: x.round() as i32, y: y.round() as i32 }
}

fn missing(wanted: &Computer, what: &str) -> Failure {
    Failure::new("bad_arguments", format!("`{}` needs `{what}`", wanted.action.escape_debug()))
}
