//! The browser's room: a second bubblewrap beside the session's, in the same network, built when a tool of the browser is
//! first called and again when it is gone.
//!
//! It has the session's downloads and a profile that only it has, and nothing of the workspace. Programs in it may make user
//! namespaces, as Chromium's own sandbox does.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep};

use super::birth::log;
use super::keeper::Keeper;
use super::link::Link;
use super::mcp::Client;
use super::sandbox::Sandbox;
use super::stage::Parts;
use super::toolbox::Toolbox;
use super::waiting::until;
use crate::protocol::message::{Death, Group, Page, Report};

/// How the names of its tools begin.
pub const BROWSER_TOOLS: &str = "browser_";
/// How often it is told at most what the browser shows.
const BETWEEN_PAGES: Duration = Duration::from_millis(500);
/// How long a browser may take to write down what it knows.
const WRITES_DOWN: Duration = Duration::from_secs(4);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct Browser {
    pub toolbox: Toolbox,
    parts: Parts,
    /// The way to process 1 of the room that is there.
    init: RefCell<Option<Rc<Link>>>,
    building: Mutex<()>,
    /// What it shows, as it was last told: said again to a server that comes later.
    pub shown: RefCell<Option<Page>>,
    /// The room is to end, and told again when it has.
    ending: Notify,
    gone: Notify,
}

impl Browser {
    pub fn new(parts: Parts) -> Self {
        Self {
            toolbox: Toolbox::default(),
            parts,
            init: RefCell::default(),
            building: Mutex::default(),
            shown: RefCell::default(),
            ending: Notify::new(),
            gone: Notify::new(),
        }
    }
}

/// The way to process 1 of the browser's room, which is built when it is not there.
pub async fn reach_room(keeper: &Rc<Keeper>) -> io::Result<Rc<Link>> {
    let browser = &keeper.browser;
    let _one_at_a_time = browser.building.lock().await;
    if let Some(init) = &*browser.init.borrow() {
        return Ok(Rc::clone(init));
    }
    let (sandbox, init) = Sandbox::start(&keeper.spec, &keeper.spec.browser, &browser.parts)?;
    let init = Rc::new(init);
    browser.init.replace(Some(Rc::clone(&init)));
    keeper.groups.add_room(sandbox.root());
    spawn_local(accompany(Rc::clone(keeper), sandbox));
    Ok(init)
}

/// Waits until the room ends, or is to end, and clears up behind it.
async fn accompany(keeper: Rc<Keeper>, mut sandbox: Sandbox) {
    let browser = &keeper.browser;
    let ended_by_itself = tokio::select! {
        () = sandbox.ended() => true,
        () = browser.ending.notified() => false,
    };
    if ended_by_itself {
        let reason: String = sandbox.last_words().chars().filter(|one| !one.is_control()).collect();
        log(&format!("the browser's room ended: {reason}"));
        keeper.report(Report::BrowserEnded { reason });
    }
    sandbox.kill().await;
    keeper.groups.remove_room(sandbox.root());
    browser.init.take();
    browser.gone.notify_waiters();
}

/// Lets the browser write down what it knows, and end, if it can.
pub async fn rest(keeper: &Keeper) {
    let Some(client) = keeper.browser.toolbox.client() else { return };
    if keeper.groups.is_frozen(Group::Browser) {
        return;
    }
    client.close(Death::Died);
    let begun = Instant::now();
    while keeper.groups.count(Group::Browser) > 0 && begun.elapsed() < WRITES_DOWN {
        sleep(BETWEEN_LOOKS).await;
    }
}

/// Ends the room, if there is one.
pub async fn end(keeper: &Keeper) {
    let browser = &keeper.browser;
    browser.ending.notify_one();
    until(&browser.gone, || browser.init.borrow().is_none()).await;
}

/// Tells what the browser shows whenever that changes, for ever.
pub async fn pass_on_pages(keeper: &Rc<Keeper>, client: &Client) {
    loop {
        let page = client.next_page().await;
        keeper.browser.shown.replace(Some(page.clone()));
        keeper.report(Report::Page(page));
        sleep(BETWEEN_PAGES).await;
    }
}

/// Tells that the part in the room that is the browser's parent has ended.
pub fn tell_end(keeper: &Keeper, death: Death) {
    keeper.browser.shown.take();
    let reason = match death {
        Death::Died => "it died",
        Death::Silent => "it did not answer any more",
    };
    keeper.report(Report::BrowserEnded { reason: reason.to_owned() });
}
