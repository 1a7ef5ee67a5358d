//! The tools that look at the screen and act on it, and their arguments.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{BadCall, Tool, Touches, lenient, read, tool};

/// The longest that a tool waits for the screen or holds a key.
pub const MAX_WAIT_SECONDS: u64 = 60;

/// A number of pixels, in whatever form a model sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Pixels(#[serde(deserialize_with = "lenient::coordinate")] pub i32);

/// A window's id, in whatever form a model sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct WindowId(#[serde(deserialize_with = "lenient::window")] pub u32);

macro_rules! as_plain {
    ($($name:ident as $plain:ty),+) => {
        $(
            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    <$plain>::schema_name()
                }

                fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                    <$plain>::json_schema(generator)
                }

                fn inline_schema() -> bool {
                    true
                }
            }
        )+
    };
}
as_plain!(Pixels as i32, WindowId as String);

arguments! {
    Nothing {}
    Click {
        /// Pixels from the left edge of the screen.
        x: Pixels,
        /// Pixels from the upper edge of the screen.
        y: Pixels,
        /// `left` (default), `middle` or `right`.
        #[serde(default)]
        button: Option<String>,
        /// 2 for a double click, 3 for a triple click. Default: 1.
        #[serde(default, deserialize_with = "lenient::number")]
        clicks: Option<u64>,
        /// Keys to hold meanwhile, such as `ctrl` or `ctrl+shift`.
        #[serde(default)]
        hold: Option<String>,
    }
    At {
        /// Pixels from the left edge of the screen.
        x: Pixels,
        /// Pixels from the upper edge of the screen.
        y: Pixels,
    }
    Drag {
        /// Where to press the left button.
        from_x: Pixels,
        /// Where to press the left button.
        from_y: Pixels,
        /// Where to let it go.
        to_x: Pixels,
        /// Where to let it go.
        to_y: Pixels,
        /// Keys to hold meanwhile.
        #[serde(default)]
        hold: Option<String>,
    }
    Turn {
        /// `up`, `down`, `left` or `right`. Default: `down`.
        #[serde(default)]
        direction: Option<String>,
        /// How many notches of the wheel. Default: 3.
        #[serde(default, deserialize_with = "lenient::number")]
        amount: Option<u64>,
        /// Where to put the pointer first. Default: where it is.
        #[serde(default, deserialize_with = "lenient::number")]
        x: Option<u64>,
        /// Where to put the pointer first. Default: where it is.
        #[serde(default, deserialize_with = "lenient::number")]
        y: Option<u64>,
    }
    Text {
        /// The text to type, in any script. A line end is the Return key.
        text: String,
    }
    Key {
        /// A key or keys together, such as `Return`, `ctrl+c`, `alt+Tab`, `F5`; several after each other are parted by spaces.
        key: String,
    }
    HoldKey {
        /// A key or keys together, such as `shift` or `ctrl+Right`.
        key: String,
        /// For how long. Default: 1.
        #[serde(default, deserialize_with = "lenient::number")]
        seconds: Option<u64>,
    }
    Wait {
        /// For how long, at most 60. Default: 1.
        #[serde(default, deserialize_with = "lenient::number")]
        seconds: Option<u64>,
    }
    Shot {
        /// `png` (default), `jpeg` or `webp`.
        #[serde(default)]
        format: Option<String>,
    }
    Zoom {
        /// The left edge of the part.
        x: Pixels,
        /// Its upper edge.
        y: Pixels,
        /// Its width.
        width: Pixels,
        /// Its height.
        height: Pixels,
    }
    FindWindow {
        /// A part of the title; upper and lower case are the same.
        #[serde(rename = "namePattern")]
        name_pattern: String,
    }
    OneWindow {
        /// The window's id, as `gui_find_window` gives it.
        #[serde(rename = "windowId")]
        window_id: WindowId,
    }
    MoveWindow {
        /// The window's id, as `gui_find_window` gives it.
        #[serde(rename = "windowId")]
        window_id: WindowId,
        /// Its new left edge.
        x: Pixels,
        /// Its new upper edge.
        y: Pixels,
    }
    ResizeWindow {
        /// The window's id, as `gui_find_window` gives it.
        #[serde(rename = "windowId")]
        window_id: WindowId,
        /// Its new width in pixels.
        width: Pixels,
        /// Its new height in pixels.
        height: Pixels,
    }
    /// One tool for all, in the shapes that models are trained on.
    Computer {
        /// `screenshot`, `left_click`, `right_click`, `middle_click`, `double_click`, `triple_click`, `mouse_move`,
        /// `left_click_drag`, `left_mouse_down`, `left_mouse_up`, `scroll`, `type`, `key`, `hold_key`, `wait`, `zoom` or
        /// `cursor_position`.
        #[serde(alias = "type")]
        action: String,
        /// `[x, y]` in the last screenshot: where to act.
        #[serde(default)]
        coordinate: Option<[f64; 2]>,
        /// `[x, y]`: where a drag begins. Default: where the pointer is.
        #[serde(default)]
        start_coordinate: Option<[f64; 2]>,
        /// The text to type, the key to press (`ctrl+c`), or the keys to hold during a click.
        #[serde(default)]
        text: Option<String>,
        /// `up`, `down`, `left` or `right`.
        #[serde(default)]
        scroll_direction: Option<String>,
        /// Notches of the wheel.
        #[serde(default, deserialize_with = "lenient::number")]
        scroll_amount: Option<u64>,
        /// Seconds to wait or to hold a key.
        #[serde(default)]
        duration: Option<f64>,
        /// `[left, top, right, bottom]` in the last screenshot: what to look at closely.
        #[serde(default)]
        region: Option<[f64; 4]>,
        /// Another way to say `coordinate`.
        #[serde(default)]
        x: Option<f64>,
        /// Another way to say `coordinate`.
        #[serde(default)]
        y: Option<f64>,
        /// For a click: `left`, `right`, `wheel`, `back` or `forward`.
        #[serde(default)]
        button: Option<String>,
        /// Pixels to scroll to the right.
        #[serde(default)]
        scroll_x: Option<f64>,
        /// Pixels to scroll down.
        #[serde(default)]
        scroll_y: Option<f64>,
        /// Keys to press together.
        #[serde(default)]
        keys: Option<Vec<String>>,
        /// The points of a drag, each with `x` and `y`.
        #[serde(default)]
        path: Option<Vec<PathPoint>>,
    }
    PathPoint {
        /// Pixels from the left edge.
        x: f64,
        /// Pixels from the upper edge.
        y: f64,
    }
}

/// A call that is about the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum ScreenCall {
    Click(Click),
    MoveTo(At),
    Drag(Drag),
    Turn(Turn),
    Text(Text),
    Key(Key),
    HoldKey(HoldKey),
    Wait(Wait),
    WaitUntilSettled(Wait),
    Shot(Shot),
    Zoom(Zoom),
    CursorPosition,
    WindowInfo,
    FindWindow(FindWindow),
    Activate(OneWindow),
    MoveWindow(MoveWindow),
    ResizeWindow(ResizeWindow),
    Tile(&'static str, OneWindow),
    Minimize(OneWindow),
    Center(OneWindow),
    Computer(Box<Computer>),
}

/// Reads a call of one of these tools; nothing when the name is none of theirs.
pub(super) fn read_screen(name: &str, arguments: Map<String, Value>) -> Option<Result<ScreenCall, BadCall>> {
    macro_rules! one {
        ($call:path) => {
            read(name, arguments).map($call)
        };
    }
    if let Some(tile) = TILES.iter().copied().find(|tile| *tile == name) {
        return Some(read(name, arguments).map(|window| ScreenCall::Tile(tile, window)));
    }
    Some(match name {
        "gui_click" => one!(ScreenCall::Click),
        "gui_move" => one!(ScreenCall::MoveTo),
        "gui_drag" => one!(ScreenCall::Drag),
        "gui_scroll" => one!(ScreenCall::Turn),
        "gui_type" => one!(ScreenCall::Text),
        "gui_key" => one!(ScreenCall::Key),
        "gui_hold_key" => one!(ScreenCall::HoldKey),
        "gui_wait" => one!(ScreenCall::Wait),
        "gui_wait_until_settled" => one!(ScreenCall::WaitUntilSettled),
        "gui_screenshot" => one!(ScreenCall::Shot),
        "gui_zoom" => one!(ScreenCall::Zoom),
        "gui_cursor_position" => read::<Nothing>(name, arguments).map(|_| ScreenCall::CursorPosition),
        "gui_get_window_info" => read::<Nothing>(name, arguments).map(|_| ScreenCall::WindowInfo),
        "gui_find_window" => one!(ScreenCall::FindWindow),
        "gui_activate_window" => one!(ScreenCall::Activate),
        "move_window" => one!(ScreenCall::MoveWindow),
        "resize_window" => one!(ScreenCall::ResizeWindow),
        "minimize_window" => one!(ScreenCall::Minimize),
        "center_window" => one!(ScreenCall::Center),
        "computer" => read(name, arguments).map(|computer| ScreenCall::Computer(Box::new(computer))),
        _ => return None,
    })
}

const TILES: [&str; 6] = [
    "tile_window_left",
    "tile_window_right",
    "tile_window_top_left",
    "tile_window_top_right",
    "tile_window_bottom_left",
    "tile_window_bottom_right",
];

fn looks<Arguments: JsonSchema>(name: &'static str, description: &'static str) -> Tool {
    on_screen::<Arguments>(name, Touches::Nothing, description)
}

fn acts<Arguments: JsonSchema>(name: &'static str, description: &'static str) -> Tool {
    on_screen::<Arguments>(name, Touches::Other, description)
}

fn on_screen<Arguments: JsonSchema>(name: &'static str, touches: Touches, description: &'static str) -> Tool {
    Tool { screen: true, offered: is_offered(name), ..tool::<Arguments>(name, touches, description) }
}

/// `computer` does what most of the others do; a long list of tools costs a model attention and its user money.
fn is_offered(name: &str) -> bool {
    matches!(name, "computer" | "gui_wait_until_settled" | "gui_find_window" | "gui_activate_window")
}

pub(super) fn screen_tools() -> Vec<Tool> {
    let mut tools = vec![
        acts::<Computer>(
            "computer",
            "Use the desktop: look at the screen, move and click the mouse, type, press keys. Coordinates are pixels of \
             the last screenshot. What changes the screen answers with a new screenshot.",
        ),
        on_screen::<Shot>(
            "gui_screenshot",
            Touches::Files,
            "Take a picture of the whole screen. It is kept in the workspace as a file and shown to you.",
        ),
        looks::<Zoom>("gui_zoom", "Look closely at a part of the screen, pixel for pixel."),
        acts::<Click>("gui_click", "Click at a place of the screen. Coordinates are pixels of the screen."),
        acts::<At>("gui_move", "Move the mouse pointer."),
        acts::<Drag>("gui_drag", "Drag with the left button from one place to another."),
        acts::<Turn>("gui_scroll", "Turn the mouse wheel."),
        acts::<Text>("gui_type", "Type text into what has the keyboard."),
        acts::<Key>("gui_key", "Press a key, or keys together."),
        acts::<HoldKey>("gui_hold_key", "Hold a key, or keys together, for some seconds."),
        looks::<Wait>("gui_wait", "Wait for some seconds."),
        looks::<Wait>(
            "gui_wait_until_settled",
            "Wait until nothing is being drawn on the screen any more, but not longer than `seconds` (default 10).",
        ),
        looks::<Nothing>("gui_cursor_position", "Say where the mouse pointer is."),
        looks::<Nothing>("gui_get_window_info", "Say which window has the keyboard: its id, title and place."),
        looks::<FindWindow>("gui_find_window", "Find windows by a part of their title; an empty pattern lists all."),
        acts::<OneWindow>("gui_activate_window", "Bring a window to the front and give it the keyboard."),
        acts::<MoveWindow>("move_window", "Move a window."),
        acts::<ResizeWindow>("resize_window", "Give a window another size."),
        acts::<OneWindow>("minimize_window", "Make a window an icon."),
        acts::<OneWindow>("center_window", "Put a window into the middle of the screen."),
    ];
    tools.extend(TILES.map(|name| acts::<OneWindow>(name, tile_description(name))));
    tools
}

fn tile_description(name: &str) -> &'static str {
    match name {
        "tile_window_left" => "Put a window onto the left half of the screen.",
        "tile_window_right" => "Put a window onto the right half of the screen.",
        "tile_window_top_left" => "Put a window onto the upper left quarter of the screen.",
        "tile_window_top_right" => "Put a window onto the upper right quarter of the screen.",
        "tile_window_bottom_left" => "Put a window onto the lower left quarter of the screen.",
        _ => "Put a window onto the lower right quarter of the screen.",
    }
}
