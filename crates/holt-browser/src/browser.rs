//! The browser as the tools have it: started when it is needed, asked within bounds, found again when it has ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holt_toolbox::answer::Failure;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Options;
use crate::cdp::decoder::MAX_MESSAGE;
use crate::cdp::{CdpError, Connection, Say};
use crate::chromium::Chromium;
use crate::elements::Library;
use crate::rest::rest;
use crate::snapshot::Refs;
use crate::world::tab::Obstacle;
use crate::world::{PageState, Tab, World, fold};

/// How long Chromium may take until it shows its first tab.
const COMES_UP: Duration = Duration::from_secs(25);

/// How long it may take to write down what it knows.
const WRITES_DOWN: Duration = Duration::from_secs(3);

/// The browser, whether it runs or not.
#[derive(Debug)]
pub struct Browser {
    pub options: Options,
    live: tokio::sync::Mutex<Option<Arc<Live>>>,
    /// What is open, for whoever watches.
    state: watch::Sender<PageState>,
}

/// A Chromium that runs.
#[derive(Debug)]
pub struct Live {
    connection: Connection,
    world: Mutex<World>,
    changed: watch::Sender<()>,
    pub refs: Mutex<Refs>,
    pub libraries: Mutex<HashMap<(String, String, String), Library>>,
    accompanying: Mutex<Option<JoinHandle<()>>>,
}

/// Why Chromium did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    Cdp(CdpError),
    Page(Obstacle),
}

pub type Asked<T> = Result<T, Trouble>;

impl From<CdpError> for Trouble {
    fn from(error: CdpError) -> Self {
        Self::Cdp(error)
    }
}

impl Trouble {
    /// Whether it may be over in a moment, as when a page is just going to another.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Cdp(CdpError::Refused(_)))
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Cdp(CdpError::Closed) => Self::new(
                "browser_died",
                "The browser ended while this ran. It is started again for the next call; its tabs are gone.",
            ),
            Trouble::Cdp(CdpError::TooLong) => Self::new("too_large", "the page's answer is too large. Ask for a part of it."),
            Trouble::Cdp(error) => Self::new("browser_error", format!("the browser refused: {error}")),
            Trouble::Page(Obstacle::Crashed) => {
                Self::new("page_crashed", "The page has crashed. Load it again with `browser_reload`, or open another.")
            }
            Trouble::Page(Obstacle::Gone) => Self::new("tab_closed", "The tab was closed. See `browser_tabs`."),
            Trouble::Page(Obstacle::Dialog(dialog)) => {
                let message = format!("The page has opened a {} and waits. Answer it with `browser_dialog`.", dialog.in_words());
                Self::new("dialog_open", message)
            }
        }
    }
}

impl Browser {
    pub fn new(options: Options) -> Self {
        Self { options, live: tokio::sync::Mutex::default(), state: watch::Sender::default() }
    }

    pub fn states(&self) -> watch::Receiver<PageState> {
        self.state.subscribe()
    }

    /// The browser that runs; and whether it had to be started again.
    pub async fn reach(&self) -> Result<(Arc<Live>, bool), Failure> {
        let mut slot = self.live.lock().await;
        if let Some(live) = slot.as_ref().filter(|live| !live.connection.is_closed()) {
            return Ok((Arc::clone(live), false));
        }
        let had_one = slot.take().is_some();
        let live = self.start().await?;
        *slot = Some(Arc::clone(&live));
        Ok((live, had_one))
    }

    /// Ends the browser, if it runs, in the way in which it writes down what it knows.
    pub async fn rest(&self) {
        if let Some(live) = self.live.lock().await.take() {
            let _ = tokio::time::timeout(WRITES_DOWN, rest(&live)).await;
        }
    }

    async fn start(&self) -> Result<Arc<Live>, Failure> {
        let failed = |why: String| Failure::new("no_browser", format!("the browser could not be started: {why}."));
        if self.options.display.is_none() {
            return Err(Failure::new("no_desktop", "this sandbox has no desktop, so it has no browser"));
        }
        crate::files::prepare(&self.options.downloads).map_err(|error| failed(error.to_string()))?;
        let (chromium, read, write) = Chromium::start(&self.options).map_err(|error| failed(error.to_string()))?;
        let live = Live::begin(read, write, Some(chromium), self.state.clone());
        live.lock_world().downloads.limit = self.options.max_download;
        match tokio::time::timeout(COMES_UP, live.set_up(&self.options)).await {
            Ok(Ok(())) => Ok(live),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed(format!("it did not come up within {} s", COMES_UP.as_secs()))),
        }
    }
}

impl Live {
    /// Begins to talk with a Chromium.
    pub fn begin<Read, Write>(read: Read, write: Write, chromium: Option<Chromium>, state: watch::Sender<PageState>) -> Arc<Self>
    where
        Read: tokio::io::AsyncRead + Unpin + Send + 'static,
        Write: tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let mut begun = None;
        let live = Arc::new_cyclic(|this: &std::sync::Weak<Self>| {
            let listener = this.clone();
            let (connection, conversation) = Connection::begin(read, write, MAX_MESSAGE, move |event| {
                let Some(live) = listener.upgrade() else { return Vec::new() };
                let say = live.lock_world().hear(&event);
                live.changed.send_replace(());
                say
            });
            begun = Some(conversation);
            Self {
                connection,
                world: Mutex::default(),
                changed: watch::Sender::default(),
                refs: Mutex::default(),
                libraries: Mutex::default(),
                accompanying: Mutex::default(),
            }
        });
        let told = accompany(Arc::downgrade(&live), live.changed.subscribe(), state.clone());
        let accompanying = tokio::spawn(async move {
            let conversation = async {
                if let Some(conversation) = begun {
                    conversation.await;
                }
            };
            tokio::select! {
                () = conversation => {}
                () = told => {}
            }
            // Whatever is left of it ends now.
            drop(chromium);
            state.send_replace(PageState::default());
        });
        *live.accompanying.lock().unwrap_or_else(PoisonError::into_inner) = Some(accompanying);
        live
    }

    async fn set_up(&self, options: &Options) -> Result<(), CdpError> {
        let behaviour = json!({ "behavior": "allowAndName", "downloadPath": options.downloads.join(crate::files::PARTIAL), "eventsEnabled": true });
        self.connection.say(&Say::to_browser("Target.setDiscoverTargets", json!({ "discover": true })));
        self.connection.say(&Say::to_browser("Browser.setDownloadBehavior", behaviour));
        self.connection.ask::<IgnoredAny>(Say::to_browser("Target.setAutoAttach", fold::auto_attach())).await?;
        self.until(|world| world.tabs.first().is_some_and(Tab::is_up)).await
    }

    /// Waits until something is so. The caller bounds the waiting.
    pub async fn until(&self, is_so: impl Fn(&World) -> bool) -> Result<(), CdpError> {
        let mut changed = self.changed.subscribe();
        while !self.world(|world| is_so(world)) {
            if self.connection.is_closed() {
                return Err(CdpError::Closed);
            }
            let _ = tokio::time::timeout(Duration::from_millis(200), changed.changed()).await;
        }
        Ok(())
    }

    fn lock_world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what is known, or changes it.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.lock_world())
    }

    /// A word of each change of what is known.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Tells of a change that no event brought.
    pub fn tell_change(&self) {
        self.changed.send_replace(());
    }

    pub fn say(&self, session: &str, method: &'static str, params: Value) {
        self.connection.say(&Say::to(session, method, params));
    }

    /// Asks the browser itself.
    pub async fn ask_browser<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> Asked<T> {
        Ok(self.connection.ask(Say::to_browser(method, params)).await?)
    }

    /// Asks a page or frame; not longer than until there is a reason why it cannot answer.
    pub async fn ask<T: DeserializeOwned>(&self, session: &str, method: &'static str, params: Value) -> Asked<T> {
        if let Some(obstacle) = self.obstacle(session) {
            return Err(Trouble::Page(obstacle));
        }
        tokio::select! {
            biased;
            answer = self.connection.ask(Say::to(session, method, params)) => Ok(answer?),
            obstacle = self.until_obstacle(session) => Err(Trouble::Page(obstacle)),
        }
    }

    /// Does something to a page. That it answers with a dialog means that it was done.
    pub async fn act(&self, session: &str, method: &'static str, params: Value) -> Asked<()> {
        match self.ask::<IgnoredAny>(session, method, params).await {
            Ok(_) => Ok(()),
            Err(Trouble::Page(Obstacle::Dialog(_))) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    fn obstacle(&self, session: &str) -> Option<Obstacle> {
        self.world(|world| world.of_session(session).map_or(Some(Obstacle::Gone), |tab| tab.obstacle()))
    }

    async fn until_obstacle(&self, session: &str) -> Obstacle {
        let mut changed = self.changes();
        loop {
            if let Some(obstacle) = self.obstacle(session) {
                return obstacle;
            }
            if changed.changed().await.is_err() {
                return Obstacle::Gone;
            }
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(accompanying) = self.accompanying.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            accompanying.abort();
        }
    }
}

/// Tells what is open, whenever that changes.
async fn accompany(live: std::sync::Weak<Live>, mut changed: watch::Receiver<()>, state: watch::Sender<PageState>) {
    while changed.changed().await.is_ok() {
        let Some(live) = live.upgrade() else { return };
        let now = live.world(|world| world.state());
        state.send_if_modified(|before| {
            let differs = *before != now;
            *before = now;
            differs
        });
    }
}
