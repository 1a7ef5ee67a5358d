//! The tools of the browser, and their arguments. They are served in a room of their own, beside the sandbox.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::screen::Nothing;
use super::{BadCall, Tool, Touches, lenient, read, tool};

/// The most time that a caller of these tools may ask for.
pub const MAX_BROWSER_SECONDS: u64 = 60;
const PREFIX: &str = "browser_";

arguments! {
    Open {
        /// An address: `http:`, `https:`, `data:` or `about:blank`.
        url: String,
        /// What to wait for: `load` (default), `domcontentloaded` or `networkidle`.
        #[serde(default)]
        wait_until: Option<String>,
        /// The longest to wait. Default: 30.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    Move {
        /// What to wait for: `load` (default), `domcontentloaded` or `networkidle`.
        #[serde(default)]
        wait_until: Option<String>,
        /// The longest to wait. Default: 30.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    Tabs {
        /// `list` (default), `new`, `select` or `close`.
        #[serde(default)]
        action: Option<String>,
        /// The number of the tab, as the list gives it. For `close`, default: the current one.
        #[serde(default, deserialize_with = "lenient::number")]
        tab: Option<u64>,
        /// For `new`: the address to open in it.
        #[serde(default)]
        url: Option<String>,
    }
    Snapshot {
        /// Only this part of the page: a reference such as `e12`, or a CSS selector. Default: the whole page.
        #[serde(default, alias = "selector", alias = "ref")]
        target: Option<String>,
        /// How many characters to return at most. Default: 30000.
        #[serde(default, deserialize_with = "lenient::number")]
        max_chars: Option<u64>,
    }
    ClickOn {
        /// The element: a reference such as `e12` from `browser_snapshot`, or a CSS selector.
        #[serde(alias = "selector", alias = "ref")]
        target: String,
        /// `left` (default), `middle` or `right`.
        #[serde(default)]
        button: Option<String>,
        /// 2 for a double click. Default: 1.
        #[serde(default, deserialize_with = "lenient::number")]
        clicks: Option<u64>,
        /// Keys to hold meanwhile, such as `Control` or `Control+Shift`.
        #[serde(default)]
        hold: Option<String>,
        /// The longest to wait until it can be clicked. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    Fill {
        /// The field: a reference such as `e12` from `browser_snapshot`, or a CSS selector.
        #[serde(alias = "selector", alias = "ref")]
        target: String,
        /// What it is to hold; `true` or `false` for a checkbox.
        text: String,
        /// Press Enter afterwards. Default: false.
        #[serde(default, deserialize_with = "lenient::flag")]
        submit: Option<bool>,
        /// The longest to wait until it can be filled. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    TypeText {
        /// The text to type, key by key. A line end is Enter.
        text: String,
        /// Where to type: a reference or a CSS selector. Default: what has the focus.
        #[serde(default, alias = "selector", alias = "ref")]
        target: Option<String>,
        /// The longest to wait until it can be typed into. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    Select {
        /// The list: a reference such as `e12` from `browser_snapshot`, or a CSS selector.
        #[serde(alias = "selector", alias = "ref")]
        target: String,
        /// What to choose, by text or value.
        #[serde(deserialize_with = "lenient::texts")]
        options: Vec<String>,
        /// The longest to wait until it can be used. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    OneElement {
        /// The element: a reference such as `e12` from `browser_snapshot`, or a CSS selector.
        #[serde(alias = "selector", alias = "ref")]
        target: String,
        /// The longest to wait for it. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    PressKey {
        /// A key or keys together, such as `Enter`, `Tab`, `ArrowDown`, `Control+a`.
        key: String,
        /// Where to press it: a reference or a CSS selector. Default: what has the focus.
        #[serde(default, alias = "selector", alias = "ref")]
        target: Option<String>,
        /// The longest to wait for the element. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    Upload {
        /// The file field: a reference such as `e12` from `browser_snapshot`, or a CSS selector.
        #[serde(alias = "selector", alias = "ref")]
        target: String,
        /// Names of files in `/downloads`.
        #[serde(deserialize_with = "lenient::texts")]
        files: Vec<String>,
        /// The longest to wait for the field. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    DragTo {
        /// What to drag: a reference such as `e12` from `browser_snapshot`, or a CSS selector.
        from: String,
        /// Where to drop it: a reference or a CSS selector.
        to: String,
        /// The longest to wait for both. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    WaitFor {
        /// Wait until the page shows this text.
        #[serde(default)]
        text: Option<String>,
        /// Wait until the page does not show this text any more.
        #[serde(default)]
        gone_text: Option<String>,
        /// Wait until an element is visible: a reference or a CSS selector.
        #[serde(default, alias = "target", alias = "ref")]
        selector: Option<String>,
        /// Wait until the address contains this.
        #[serde(default)]
        url: Option<String>,
        /// Wait until the page has come so far: `load`, `domcontentloaded` or `networkidle`.
        #[serde(default)]
        state: Option<String>,
        /// The longest to wait. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    Evaluate {
        /// JavaScript: an expression, or a function such as `(x) => document.title + x`.
        script: String,
        /// What the function gets, as JSON.
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        arg: Option<Value>,
        /// The longest that it may run. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    Entries {
        /// Only entries that contain this.
        #[serde(default)]
        filter: Option<String>,
        /// How many of the newest to return at most. Default: 50.
        #[serde(default, deserialize_with = "lenient::number")]
        limit: Option<u64>,
    }
    TakePicture {
        /// Only this element: a reference or a CSS selector. Default: what is visible of the page.
        #[serde(default, alias = "selector", alias = "ref")]
        target: Option<String>,
        /// The whole page, not only what is visible. Default: false.
        #[serde(default, deserialize_with = "lenient::flag")]
        full_page: Option<bool>,
        /// `png` (default) or `jpeg`.
        #[serde(default)]
        format: Option<String>,
        /// The name that the file gets. Default: one made of the time.
        #[serde(default)]
        name: Option<String>,
        /// Keep the source of the page beside the picture. Default: false.
        #[serde(default, deserialize_with = "lenient::flag")]
        with_source: Option<bool>,
    }
    Pdf {
        /// The name that the file gets. Default: one made of the time.
        #[serde(default)]
        name: Option<String>,
    }
    Download {
        /// The address of what to download.
        #[serde(default)]
        url: Option<String>,
        /// What to click so that a download begins: a reference or a CSS selector.
        #[serde(default, alias = "selector", alias = "ref")]
        target: Option<String>,
        /// The name that the file gets. Default: the one that the page suggests.
        #[serde(default)]
        name: Option<String>,
        /// The longest to wait until it is done. Default: 60.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
    AnswerDialog {
        /// OK (default), or Cancel when false.
        #[serde(default, deserialize_with = "lenient::flag")]
        accept: Option<bool>,
        /// What to enter into a prompt.
        #[serde(default)]
        text: Option<String>,
    }
    ScrollBy {
        /// What to scroll, or to scroll to when there is no distance: a reference or a CSS selector. Default: the page.
        #[serde(default, alias = "selector", alias = "ref")]
        target: Option<String>,
        /// Pixels downwards; below zero upwards. Default: most of a screenful.
        #[serde(default, deserialize_with = "lenient::signed")]
        distance: Option<i64>,
        /// Pixels to the right; below zero to the left. Default: 0.
        #[serde(default, deserialize_with = "lenient::signed")]
        distance_x: Option<i64>,
    }
    GetText {
        /// The element: a reference or a CSS selector. Default: the whole page.
        #[serde(default, alias = "selector", alias = "ref")]
        target: Option<String>,
        /// The longest to wait for the element. Default: 10.
        #[serde(default, deserialize_with = "lenient::number")]
        #[schemars(range(min = 1, max = 60))]
        timeout_seconds: Option<u64>,
    }
}

/// A call that is about the browser.
#[derive(Debug, Clone, PartialEq)]
pub enum BrowserCall {
    Open(Open),
    Back(Move),
    Forward(Move),
    Reload(Move),
    Tabs(Tabs),
    Snapshot(Snapshot),
    Click(ClickOn),
    Fill(Fill),
    Type(TypeText),
    Select(Select),
    Hover(OneElement),
    Press(PressKey),
    Upload(Upload),
    Drag(DragTo),
    Wait(WaitFor),
    Evaluate(Evaluate),
    Console(Entries),
    Network(Entries),
    Screenshot(TakePicture),
    Pdf(Pdf),
    Download(Download),
    Dialog(AnswerDialog),
    Scroll(ScrollBy),
    GetText(GetText),
    State,
}

/// Whether the tool of that name is one of the browser's.
pub fn is_browser(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Reads a call of one of these tools.
pub(super) fn read_browser(name: &str, arguments: Map<String, Value>) -> Result<BrowserCall, BadCall> {
    macro_rules! one {
        ($call:path) => {
            read(name, arguments).map($call)
        };
    }
    match name.strip_prefix(PREFIX).unwrap_or(name) {
        "open" => one!(BrowserCall::Open),
        "back" => one!(BrowserCall::Back),
        "forward" => one!(BrowserCall::Forward),
        "reload" => one!(BrowserCall::Reload),
        "tabs" => one!(BrowserCall::Tabs),
        "snapshot" => one!(BrowserCall::Snapshot),
        "click" => one!(BrowserCall::Click),
        "fill" => one!(BrowserCall::Fill),
        "type" => one!(BrowserCall::Type),
        "select" => one!(BrowserCall::Select),
        "hover" => one!(BrowserCall::Hover),
        "press" => one!(BrowserCall::Press),
        "upload" => one!(BrowserCall::Upload),
        "drag" => one!(BrowserCall::Drag),
        "wait" => one!(BrowserCall::Wait),
        "evaluate" => one!(BrowserCall::Evaluate),
        "console" => one!(BrowserCall::Console),
        "network" => one!(BrowserCall::Network),
        "screenshot" => one!(BrowserCall::Screenshot),
        "pdf" => one!(BrowserCall::Pdf),
        "download" => one!(BrowserCall::Download),
        "dialog" => one!(BrowserCall::Dialog),
        "scroll" => one!(BrowserCall::Scroll),
        "get_text" => one!(BrowserCall::GetText),
        "state" => read::<Nothing>(name, arguments).map(|_| BrowserCall::State),
        _ => Err(BadCall::UnknownTool(name.to_owned())),
    }
}

fn looks<Arguments: JsonSchema>(name: &'static str, description: &'static str) -> Tool {
    Tool { screen: true, browser: true, ..tool::<Arguments>(name, Touches::Nothing, description) }
}

fn acts<Arguments: JsonSchema>(name: &'static str, description: &'static str) -> Tool {
    Tool { screen: true, browser: true, ..tool::<Arguments>(name, Touches::Other, description) }
}

fn writes<Arguments: JsonSchema>(name: &'static str, description: &'static str) -> Tool {
    Tool { screen: true, browser: true, ..tool::<Arguments>(name, Touches::Files, description) }
}

pub(super) fn browser_tools() -> Vec<Tool> {
    [page_tools(), acting_tools(), looking_tools()].concat()
}

fn page_tools() -> Vec<Tool> {
    vec![
        acts::<Open>(
            "browser_open",
            "Open an address in the current tab of the browser. A server of yours in the sandbox is at \
             `http://127.0.0.1:<port>`. Look at the page with `browser_snapshot` afterwards.",
        ),
        acts::<Move>("browser_back", "Go back to the page before."),
        acts::<Move>("browser_forward", "Go forward again."),
        acts::<Move>("browser_reload", "Load the page again, also after it crashed."),
        acts::<Tabs>("browser_tabs", "List the browser's tabs, open a new one, select one or close one."),
        looks::<Snapshot>(
            "browser_snapshot",
            "Read the page: its accessibility tree as indented text, with a reference such as `e12` for each element, to \
             be used with the other tools. Prefer it to a screenshot.",
        ),
    ]
}

fn acting_tools() -> Vec<Tool> {
    vec![
        acts::<ClickOn>("browser_click", "Click on an element, once it is visible, still and not covered."),
        acts::<Fill>("browser_fill", "Give a field another value: text field, checkbox, date and the like."),
        acts::<TypeText>(
            "browser_type",
            "Type text key by key, where a page listens to keys. To fill a field use `browser_fill`.",
        ),
        acts::<Select>("browser_select", "Choose in a drop-down list."),
        acts::<OneElement>("browser_hover", "Move the mouse over an element."),
        acts::<PressKey>("browser_press", "Press a key, or keys together."),
        acts::<Upload>("browser_upload", "Put files of `/downloads` into a file field."),
        acts::<DragTo>("browser_drag", "Drag an element onto another."),
        acts::<ScrollBy>("browser_scroll", "Scroll the page or an element, or scroll to an element."),
        acts::<AnswerDialog>("browser_dialog", "Answer the dialog that a page has opened (alert, confirm, prompt)."),
        acts::<Evaluate>("browser_evaluate", "Run JavaScript in the page and return what it gives."),
        writes::<Download>(
            "browser_download",
            "Download a file, from an address or by a click, into `/downloads`, which the browser \
             shares with the sandbox.",
        ),
        writes::<Pdf>("browser_pdf", "Print the page as a PDF into `/downloads`."),
        writes::<TakePicture>(
            "browser_screenshot",
            "Take a picture of the page or an element. It is kept in `/downloads` and shown to you.",
        ),
    ]
}

fn looking_tools() -> Vec<Tool> {
    vec![
        looks::<WaitFor>("browser_wait", "Wait until the page shows something, is somewhere, or has loaded."),
        looks::<GetText>("browser_get_text", "Read the visible text of the page or an element."),
        looks::<Entries>("browser_console", "Read what the page has written to its console, and its errors."),
        looks::<Entries>("browser_network", "Read which requests the page has made and how they ended."),
        looks::<Nothing>("browser_state", "Say what the browser has open: address, title, tabs, and whether it is loading."),
    ]
}
