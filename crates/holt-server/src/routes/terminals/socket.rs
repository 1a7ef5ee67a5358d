//! The socket of one viewer of a terminal.
//!
//! Binary frames are bytes: what the terminal puts out, what the viewer types. Text frames are what is said about it. Nothing
//! that is typed or shown is written to any log.

use std::pin::pin;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use holt_api::bounds::MAX_FRAME_BYTES;
use holt_api::{SessionId, TerminalClientFrame, TerminalId, TerminalServerFrame, TerminalSize};
use holt_engine::TerminalLine;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, MissedTickBehavior, interval_at, timeout};
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::params::{Query, SessionParam, TerminalParam};
use crate::routes::feed::not_a_socket;
use crate::state::App;
use crate::streams::{Seat, Transport};
use crate::terminals::{Ended, Live, Next};

/// How far a viewer that says what it has shown is sent ahead.
const AHEAD: u64 = 512 * 1024;
/// Pieces of typing that wait for the program.
const TYPED: usize = 16;
/// How long a late viewer waits for what was put out before it came.
const CATCHING_UP: Duration = Duration::from_secs(5);

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SocketQuery {
    /// The byte after the last one that was seen: output goes on there, if the terminal still has it. Without it, the screen
    /// is drawn as it is.
    from: Option<u64>,
}

/// Watches a terminal over a WebSocket, and types in it with the scope `operate`.
///
/// Binary frames are bytes, both ways. Text frames are `TerminalServerFrame`, of which the first is `attached`, and
/// `TerminalClientFrame`. A browser, which cannot send a key here, adds a ticket for this address.
#[utoipa::path(get, path = "/v2/sessions/{id}/terminals/{terminal}/socket", tag = "terminals",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("terminal" = TerminalId, Path, description = "The terminal."),
        SocketQuery
    ),
    responses((status = 101, description = "The socket.")))]
pub(super) async fn watch_terminal(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    TerminalParam(terminal): TerminalParam,
    Query(query): Query<SocketQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> ApiResult<Response> {
    let (seen, line) = app.engine.terminal_line(&caller.principal, id, terminal).await?;
    let upgrade = upgrade.map_err(|refused| not_a_socket(&refused))?;
    let seat = app.streams.take(&caller.principal, Transport::Terminal)?;
    let live = app.terminals.watch(&seen, &line);
    // So that the first screen is whole.
    let _ = timeout(CATCHING_UP, live.caught_up(seen.written)).await;
    let writable = app.engine.may_operate(&caller.principal, id).await;
    let viewer = Viewer { writable, mine: seen.mine, from: query.from, live, line };
    let upgrade = upgrade.max_frame_size(MAX_FRAME_BYTES).max_message_size(MAX_FRAME_BYTES);
    Ok(upgrade.on_upgrade(move |socket| viewer.serve(app, caller, socket, seat)).into_response())
}

struct Viewer {
    writable: bool,
    mine: bool,
    from: Option<u64>,
    live: Arc<Live>,
    line: TerminalLine,
}

/// What was heard of a viewer, for who sends to it.
#[derive(Debug, Clone, Copy)]
struct Heard {
    at: Instant,
    /// It has shown everything before this byte, if it says such things.
    shown: Option<u64>,
    /// How often the program did not take what was typed.
    not_taken: u64,
}

type Out = SplitSink<WebSocket, Message>;

/// The viewer is gone, or to be let go.
struct Over;

impl Viewer {
    async fn serve(self, app: App, caller: Caller, socket: WebSocket, _seat: Seat) {
        let (mut to, from) = socket.split();
        let heard = watch::Sender::new(Heard { at: Instant::now(), shown: None, not_taken: 0 });
        let (typed, typing) = mpsc::channel(TYPED);
        let hears = heard.subscribe();
        tokio::select! {
            _ = self.tell(&app, &mut to, hears) => {}
            _ = async { tokio::join!(self.hear(from, &heard, typed), self.type_in(typing, &heard)) } => {}
            () = pin!(caller.over(&app)) => {}
        }
        // A word of farewell, if it goes out soon.
        let _ = timeout(Duration::from_secs(1), to.close()).await;
    }

    /// Shows the terminal.
    async fn tell(&self, app: &App, to: &mut Out, mut heard: watch::Receiver<Heard>) -> Result<(), Over> {
        let (mut changes, mut for_all) = (self.live.changes(), self.live.for_all());
        let mut tick = interval_at(Instant::now() + app.timing.ping, app.timing.ping);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut at = self.greet(to).await?;
        let (mut size, mut not_taken) = (self.live.size(), 0);
        loop {
            changes.mark_unchanged();
            let said = *heard.borrow_and_update();
            if !*for_all.borrow_and_update() && !self.mine {
                return say(to, TerminalServerFrame::Closed).await;
            }
            if said.not_taken != not_taken {
                not_taken = said.not_taken;
                say(to, TerminalServerFrame::NotTaken).await?;
            }
            let now = self.live.size();
            if now != size {
                size = now;
                say(to, TerminalServerFrame::Resized { size }).await?;
            }
            let may_have_more = said.shown.is_none_or(|shown| at.saturating_sub(shown) < AHEAD);
            match self.live.next(at) {
                Next::Bytes(bytes) if may_have_more => {
                    at += bytes.len() as u64;
                    send(to, Message::Binary(bytes.into())).await?;
                    continue;
                }
                Next::Behind if may_have_more => {
                    at = self.draw(to, |offset, size| TerminalServerFrame::Behind { offset, size }).await?;
                    continue;
                }
                Next::Ended(Ended::Exit(exit)) => return say(to, TerminalServerFrame::Exited { exit }).await,
                Next::Ended(Ended::Closed) => return say(to, TerminalServerFrame::Closed).await,
                Next::Bytes(_) | Next::Behind | Next::Nothing => {}
            }
            tokio::select! {
                changed = changes.changed() => changed.map_err(|_| Over)?,
                changed = for_all.changed() => changed.map_err(|_| Over)?,
                changed = heard.changed() => changed.map_err(|_| Over)?,
                _ = tick.tick() => {
                    if heard.borrow().at.elapsed() > app.timing.ping + app.timing.stall {
                        return Err(Over);
                    }
                    send(to, Message::Ping(Bytes::new())).await?;
                }
            }
        }
    }

    async fn greet(&self, to: &mut Out) -> Result<u64, Over> {
        let writable = self.writable;
        match self.from.filter(|from| self.live.has(*from)) {
            Some(offset) => {
                let size = self.live.size();
                say(to, TerminalServerFrame::Attached { offset, size, writable, screen: false }).await?;
                Ok(offset)
            }
            None => self.draw(to, |offset, size| TerminalServerFrame::Attached { offset, size, writable, screen: true }).await,
        }
    }

    async fn draw(&self, to: &mut Out, word: impl FnOnce(u64, TerminalSize) -> TerminalServerFrame) -> Result<u64, Over> {
        let (offset, screen) = self.live.screen();
        say(to, word(offset, self.live.size())).await?;
        send(to, Message::Binary(screen.into())).await?;
        Ok(offset)
    }

    /// Hears the viewer until it leaves or says nonsense.
    async fn hear(&self, mut from: SplitStream<WebSocket>, heard: &watch::Sender<Heard>, typed: mpsc::Sender<Typed>) {
        while let Some(Ok(said)) = from.next().await {
            heard.send_modify(|heard| heard.at = Instant::now());
            let typing = match said {
                Message::Binary(bytes) => Typed::Bytes(bytes),
                Message::Text(text) => match serde_json::from_str(&text) {
                    Ok(TerminalClientFrame::Resize { rows, cols }) => Typed::Size(TerminalSize { rows, cols }),
                    Ok(TerminalClientFrame::Shown { offset }) => {
                        heard.send_modify(|heard| heard.shown = Some(offset.max(heard.shown.unwrap_or(0))));
                        continue;
                    }
                    Err(_) => return,
                },
                Message::Close(_) => return,
                Message::Ping(_) | Message::Pong(_) => continue,
            };
            // Who may only look is heard and not obeyed.
            if self.writable && typed.send(typing).await.is_err() {
                return;
            }
        }
    }

    /// Passes on what was typed, in its order.
    async fn type_in(&self, mut typing: mpsc::Receiver<Typed>, heard: &watch::Sender<Heard>) {
        while let Some(typed) = typing.recv().await {
            match typed {
                Typed::Bytes(bytes) => {
                    if !bytes.is_empty() && self.line.write(bytes.to_vec()).await.is_err() {
                        heard.send_modify(|heard| heard.not_taken += 1);
                    }
                }
                Typed::Size(size) if size == self.live.size() || !size.is_sensible() => {}
                Typed::Size(size) => {
                    if self.line.resize(size).await.is_ok() {
                        self.live.resized(size);
                    }
                }
            }
        }
    }
}

#[derive(Debug)]
enum Typed {
    Bytes(Bytes),
    Size(TerminalSize),
}

async fn say(to: &mut Out, word: TerminalServerFrame) -> Result<(), Over> {
    let text = serde_json::to_string(&word).map_err(|_| Over)?;
    send(to, Message::Text(text.into())).await
}

async fn send(to: &mut Out, message: Message) -> Result<(), Over> {
    to.send(message).await.map_err(|_| Over)
}
