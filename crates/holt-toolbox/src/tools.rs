//! The tools themselves. [`Toolbox::call`] is the one way in; it bounds how many calls run at a time.

mod background;
mod command;
mod computer;
mod edit;
mod editor;
mod find;
mod list;
mod process;
mod progress;
mod publish;
mod read;
mod screen;
mod search;
mod write;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::answer::{Failure, Outcome};
use crate::catalogue::Call;
use crate::children::Children;
use crate::clock::Clock;
use crate::paths::Roots;
use crate::server::{Options, ServeError};
use crate::spool::Spool;
use background::Background;
pub use progress::Progress;

/// How long a tool may look through files.
const LOOKING: Duration = Duration::from_secs(20);

/// Everything that the tools share.
pub struct Toolbox {
    pub options: Options,
    pub children: Children,
    display: screen::Display,
    roots: Roots,
    spool: Spool,
    background: Background,
    calls: Semaphore,
    commands: Semaphore,
}

/// Who waits for a call.
pub struct Caller {
    pub cancelled: CancellationToken,
    pub progress: Progress,
}

/// When a tool that looks through files has to stop.
#[derive(Clone)]
pub struct Patience {
    cancelled: CancellationToken,
    /// The time is over.
    over: CancellationToken,
}

impl Patience {
    pub fn go_on(&self) -> ControlFlow<()> {
        let is_over = self.cancelled.is_cancelled() || self.over.is_cancelled();
        if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Toolbox {
    pub fn new(options: Options) -> Result<Self, ServeError> {
        let others = [Some(&*options.temporary), options.home.as_deref(), options.downloads.as_deref()];
        let roots = Roots::new(&options.workspace, options.home.as_deref(), others.into_iter().flatten())
            .map_err(|source| ServeError::Workspace { path: options.workspace.clone(), source })?;
        Ok(Self {
            roots,
            children: Children::new()?,
            display: screen::Display::new(options.display.clone()),
            spool: Spool::new(options.temporary.join("holt-output"), options.max_kept),
            background: Background::new(options.max_background),
            calls: Semaphore::new(options.max_calls),
            commands: Semaphore::new(options.max_commands),
            options,
        })
    }

    /// Makes a call. It never takes longer than its time limit, however the sandbox looks.
    pub async fn call(self: &Arc<Self>, call: Call, mut caller: Caller) -> Outcome {
        let _place = self.calls.try_acquire().map_err(|_| too_many("calls", self.options.max_calls))?;
        let cancelled = caller.cancelled.clone();
        match call {
            Call::ReadFile(wanted) => self.look(cancelled, move |this, _| read::read_file(this, &wanted)).await,
            Call::WriteFile(wanted) => self.look(cancelled, move |this, _| write::write_file(this, &wanted)).await,
            Call::EditFile(wanted) => self.look(cancelled, move |this, _| edit::edit_file(this, &wanted)).await,
            Call::ListFiles(wanted) => self.look(cancelled, move |this, _| list::list_files(this, &wanted)).await,
            Call::FindFiles(wanted) => self.look(cancelled, move |this, stop| find::find_files(this, &wanted, stop)).await,
            Call::SearchText(wanted) => self.look(cancelled, move |this, stop| search::search_text(this, &wanted, stop)).await,
            Call::CreateDirectory(wanted) => self.look(cancelled, move |this, _| write::create_directory(this, &wanted)).await,
            Call::DeleteFile(wanted) => self.look(cancelled, move |this, stop| write::delete_file(this, &wanted, stop)).await,
            Call::PublishArtifact(wanted) => self.look(cancelled, move |this, _| publish::publish_artifact(this, &wanted)).await,
            Call::ListProcesses(_) => self.look(cancelled, |_, _| process::list_processes()).await,
            Call::ExecuteCommand(wanted) => {
                let _place = self.commands.try_acquire().map_err(|_| too_many("commands", self.options.max_commands))?;
                command::execute_command(self, &wanted, &mut caller).await
            }
            Call::ExecuteCommandAsync(wanted) => background::execute_command_async(self, &wanted),
            Call::OpenEditor(wanted) => editor::open_vscode(self, &wanted),
            Call::ReadProcessOutput(wanted) => background::read_process_output(self, &wanted),
            Call::KillProcess(wanted) => process::kill_process(self, &wanted).await,
            Call::Screen(wanted) => screen::call(self, wanted, cancelled).await,
            Call::Browser(_) => Err(Failure::new("no_browser", "the browser is not in this room")),
        }
    }

    /// Runs what may block in a thread, and stops waiting for it when its time is over.
    async fn look<Work>(self: &Arc<Self>, cancelled: CancellationToken, work: Work) -> Outcome
    where
        Work: FnOnce(&Self, &Patience) -> Outcome + Send + 'static,
    {
        self.block(LOOKING, cancelled, work).await
    }

    async fn block<Work>(self: &Arc<Self>, most: Duration, cancelled: CancellationToken, work: Work) -> Outcome
    where
        Work: FnOnce(&Self, &Patience) -> Outcome + Send + 'static,
    {
        let this = Arc::clone(self);
        let over = CancellationToken::new();
        let patience = Patience { cancelled, over: over.clone() };
        let work = tokio::task::spawn_blocking(move || work(&this, &patience));
        let mut work = std::pin::pin!(work);
        for time in [most, LOOKING] {
            let mut clock = Clock::new(time);
            tokio::select! {
                done = work.as_mut() => {
                    let internal = |_| Failure::new("internal", "the tool failed in a way that it should not. Try it differently.");
                    return done.map_err(internal)?;
                }
                () = clock.run_out() => over.cancel(),
            }
        }
        // The tool was told, and a file system or a screen does not answer at all.
        Err(Failure::new("timed_out", "it was not done in time"))
    }
}

fn too_many(what: &str, most: usize) -> Failure {
    Failure::new("too_many_calls", format!("{most} {what} are running already. Wait until one has ended, or end one."))
}
