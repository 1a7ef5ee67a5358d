//! `holt logs`.

use clap::Args;
use holt_api::Event;
use holt_client::{Client, FeedItem};
use holt_core::event::{EventBody, Seq};
use holt_core::id::SessionId;

use crate::context::Context;
use crate::failure::Failure;
use crate::show::Transcript;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt logs last\n  holt logs -f last\n  holt logs last --tail 20 --json")]
pub struct Arguments {
    /// The session
    session: String,
    /// Go on with what happens from now on
    #[arg(long, short)]
    follow: bool,
    /// Only the last so many events
    #[arg(long, value_name = "N")]
    tail: Option<u64>,
}

/// How many events are fetched at once.
const PAGE: usize = 500;

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let mut log = Log { context, transcript: Transcript::with_prompts() };
    let last = client.session(id).await.map_err(context.explain())?.last_seq;
    let first = arguments.tail.map_or(0, |tail| last.saturating_sub(tail));
    let seen = log.history(&client, id, first).await?;
    if arguments.follow { log.follow(&client, id, seen).await } else { Ok(()) }
}

struct Log<'a> {
    context: &'a Context,
    transcript: Transcript,
}

impl Log<'_> {
    /// Everything after a number. Returns the last.
    async fn history(&mut self, client: &Client, id: SessionId, mut after: Seq) -> Result<Seq, Failure> {
        loop {
            let page = client.events_after(id, after, PAGE).await.map_err(self.context.explain())?;
            let Some(last) = page.events.last() else { return Ok(after) };
            after = last.seq;
            for event in &page.events {
                self.event(event)?;
            }
            if after >= page.last_seq {
                return Ok(after);
            }
        }
    }

    /// Until the session is removed, has ended, or the person leaves.
    async fn follow(&mut self, client: &Client, id: SessionId, after: Seq) -> Result<(), Failure> {
        let mut feed = client.follow(id, Some(after));
        loop {
            let item = tokio::select! {
                item = feed.next() => item.map_err(self.context.explain())?,
                _ = tokio::signal::ctrl_c() => return Ok(()),
            };
            match item {
                Some(FeedItem::Event(event)) => {
                    self.event(&event)?;
                    if matches!(event.decode(), Some(EventBody::SessionEnded(_))) {
                        return Ok(());
                    }
                }
                Some(FeedItem::Delta(delta)) if !self.context.output.json => {
                    let text = self.transcript.delta(&delta);
                    self.context.output.piece(&text)?;
                }
                Some(FeedItem::Delta(_) | FeedItem::Snapshot(_)) => {}
                Some(FeedItem::Removed) | None => return Ok(()),
            }
        }
    }

    fn event(&mut self, event: &Event) -> Result<(), Failure> {
        if self.context.output.json {
            return self.context.output.json(event);
        }
        match event.decode() {
            Some(body) => self.context.output.piece(&self.transcript.event(&body)),
            None => Ok(()),
        }
    }
}
