//! Records desktops: one more that looks at each that is to be recorded, as long as it runs.
//!
//! It starts no desktop and is no viewer, so it keeps nothing awake. It looks at most ten times a second, and only when something has
//! changed is anything kept. A part ends after a while or when it is large; the next begins, with the whole picture, when something
//! moves. While a person drives nothing is kept, unless they said so: the session's state says which, before any input passes.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use holt_api::{Level, SessionId};
use holt_core::access::Principal;
use holt_core::recording::SegmentWriter;
use holt_core::workspace::FileError;
use holt_desktop::Frames;
use holt_engine::{EngineError, Recording, RecordingWatch};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::auth::keyring::Proved;
use crate::clock::now;
use crate::error::ApiError;
use crate::state::App;

/// A desktop that has not changed for so long, and that nobody watches, is let go, so that it can be stopped; it is recorded again when it is used.
const QUIET: Duration = Duration::from_secs(10 * 60);

/// Records whatever is to be recorded until the server ends.
pub(crate) async fn run(app: App) {
    let mut running = app.engine.running_desktops();
    let (mut recorders, mut known) = (JoinSet::new(), HashMap::<SessionId, AbortHandle>::new());
    loop {
        let told = tokio::select! {
            told = running.recv() => told,
            Some(_) = recorders.join_next(), if !recorders.is_empty() => continue,
            () = app.closing.cancelled() => break,
        };
        match told {
            Ok(session) => {
                known.retain(|_, recorder| !recorder.is_finished());
                known.entry(session).or_insert_with(|| recorders.spawn(Recorder::follow(app.clone(), session)));
            }
            // They are told again when they are used.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => break,
        }
    }
    while recorders.join_next().await.is_some() {}
}

/// Why recording ends.
enum Ended {
    DesktopGone,
    /// There is nothing to record for now.
    Quiet,
    ServerEnds,
    Unwritable(FileError),
}

struct Recorder {
    app: App,
    by: Principal,
    session: SessionId,
    watch: RecordingWatch,
    frames: Frames,
    /// It was said that the oldest parts go.
    told_bound: bool,
}

impl Recorder {
    async fn follow(app: App, session: SessionId) {
        let by = Proved::owner("the recorder").principal;
        let recorder = match Self::begin(&app, &by, session).await {
            Ok(Some(recorder)) => recorder,
            Ok(None) => return,
            Err(error) => {
                return tracing::debug!(%session, code = %error.code, error = error.message, "a desktop is not recorded");
            }
        };
        if let Ended::Unwritable(error) = recorder.record().await {
            tracing::warn!(%session, %error, "a desktop is recorded no longer");
            let text = format!("The desktop is recorded no longer: {error}.");
            let _ = app.engine.note(&by, session, Level::Warning, "recording_failed", &text).await;
        }
    }

    async fn begin(app: &App, by: &Principal, session: SessionId) -> Result<Option<Self>, ApiError> {
        let watch = app.engine.watch_recording(by, session).await?;
        if *watch.receiver.borrow() == Recording::Off {
            return Ok(None);
        }
        let frames = app.desktops.open(&app.engine, by, session).await?.frames();
        Ok(Some(Self { app: app.clone(), by: by.clone(), session, watch, frames, told_bound: false }))
    }

    async fn record(mut self) -> Ended {
        loop {
            let state = *self.watch.receiver.borrow_and_update();
            let part = match state {
                Recording::On => self.part().await,
                Recording::Paused => self.wait().await,
                // It is told when it is to begin again.
                Recording::Off => Err(Ended::Quiet),
            };
            if let Err(ended) = part {
                return ended;
            }
        }
    }

    /// Waits until it is to record.
    async fn wait(&mut self) -> Result<(), Ended> {
        tokio::select! {
            changed = self.watch.receiver.changed() => changed.map_err(|_| Ended::DesktopGone),
            () = self.frames.closed() => Err(Ended::DesktopGone),
            () = self.app.closing.cancelled() => Err(Ended::ServerEnds),
        }
    }

    /// Records one part: what there is, and what changes, until it is long enough or recording stands still.
    async fn part(&mut self) -> Result<(), Ended> {
        let init = self.frames.begin();
        let Some(picture) = self.next().await? else { return Ok(()) };
        let (started, mut writer) = (Instant::now(), self.begin_writing().await?);
        writer = write(writer, 0, vec![init]).await?;
        writer = write(writer, 0, picture).await?;
        let ended = loop {
            let frame = match self.next_after(self.app.timing.recording).await {
                Ok(Some(frame)) => frame,
                Ok(None) => break Ok(()),
                Err(ended) => break Err(ended),
            };
            // What comes then is in the whole picture with which the next part begins.
            if started.elapsed() > self.app.timing.segment || writer.size() > self.app.limits.segment_bytes {
                break Ok(());
            }
            writer = write(writer, started.elapsed().as_millis(), frame).await?;
        };
        off_thread(move || writer.finish()).await?;
        ended
    }

    async fn next_after(&mut self, pause: Duration) -> Result<Option<Vec<Bytes>>, Ended> {
        tokio::select! {
            biased;
            _ = self.watch.receiver.changed() => return Ok(None),
            () = self.app.closing.cancelled() => return Err(Ended::ServerEnds),
            () = tokio::time::sleep(pause) => {}
        }
        self.next().await
    }

    /// The next change. Nothing when it is not to record any more, which counts before a change does.
    async fn next(&mut self) -> Result<Option<Vec<Bytes>>, Ended> {
        loop {
            tokio::select! {
                biased;
                _ = self.watch.receiver.changed() => return Ok(None),
                () = self.app.closing.cancelled() => return Err(Ended::ServerEnds),
                // Whoever watches keeps the desktop anyway, and what they see next is to be on record.
                () = tokio::time::sleep(QUIET) => if !self.frames.is_watched() { return Err(Ended::Quiet) },
                frame = self.frames.next() => return frame.map(|frame| Some(frame.to_vec())).ok_or(Ended::DesktopGone),
            }
        }
    }

    /// Makes room and begins a part.
    async fn begin_writing(&mut self) -> Result<Box<dyn SegmentWriter>, Ended> {
        let (recordings, session, limits) = (self.app.recordings.clone(), self.session, self.app.limits);
        // The new part has to fit as well.
        let room = limits.recording_bytes.saturating_sub(limits.segment_bytes);
        let (removed, writer) =
            off_thread(move || Ok((recordings.trim(session, room)?, recordings.begin(session, now())?))).await?;
        if removed > 0 && !std::mem::replace(&mut self.told_bound, true) {
            let text = format!(
                "The recording of the desktop has reached {} MiB: from now on its oldest parts go.",
                limits.recording_bytes >> 20
            );
            let noted: Result<(), EngineError> =
                self.app.engine.note(&self.by, session, Level::Info, "recording_bound", &text).await;
            drop(noted);
        }
        Ok(writer)
    }
}

async fn write(
    mut writer: Box<dyn SegmentWriter>,
    after: impl TryInto<u32>,
    bytes: Vec<Bytes>,
) -> Result<Box<dyn SegmentWriter>, Ended> {
    let after = after.try_into().unwrap_or(u32::MAX);
    off_thread(move || writer.write(after, &bytes.concat()).map(|()| writer)).await
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, FileError> + Send + 'static) -> Result<T, Ended> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| Ended::ServerEnds)?;
    done.map_err(Ended::Unwritable)
}
