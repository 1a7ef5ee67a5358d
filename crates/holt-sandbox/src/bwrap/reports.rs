//! What keepers report by themselves, in the port's words.

use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::BoxStream;
use holt_core::event::Level;
use holt_core::id::SessionId;
use holt_core::sandbox::{Reported, SandboxReport};
use holt_keeper::protocol::message::Report;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

/// Reports that may wait for a slow reader.
const REPORTS: usize = 4096;

/// Where reports of all keepers come together.
#[derive(Debug)]
pub struct Reports {
    sender: broadcast::Sender<Reported>,
}

impl Reports {
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(REPORTS) }
    }

    /// What a connection tells of what its keeper reports. A prepared sandbox gets its session later.
    pub fn teller(&self, session: &Arc<Mutex<SessionId>>) -> impl Fn(Report) + use<> {
        let (session, sender) = (Arc::clone(session), self.sender.clone());
        move |report| {
            let session = *session.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody may be listening.
            let _ = sender.send(Reported { session, report: in_words(report) });
        }
    }

    pub fn follow(&self) -> BoxStream<'static, Reported> {
        BroadcastStream::new(self.sender.subscribe()).filter_map(async |report| report.ok()).boxed()
    }
}

fn in_words(report: Report) -> SandboxReport {
    match report {
        Report::DiskFloor { free_bytes, .. } => SandboxReport::Held {
            code: "disk_floor".into(),
            text: format!(
                "The disk is nearly full ({} MB free): everything in the sandbox stands still until there is room.",
                free_bytes >> 20
            ),
        },
        Report::DiskFine => SandboxReport::Released,
        Report::ToolboxDied => SandboxReport::Noted {
            level: Level::Warning,
            code: "toolbox_died".into(),
            text: "The toolbox in the sandbox died. It is started again for the next call.".into(),
        },
        Report::Ended { reason } => SandboxReport::Gone { reason },
    }
}
