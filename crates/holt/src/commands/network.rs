//! `holt network`: where a session may go, and what it asks about that.

use clap::Args;
use holt_api::{HostAnswer, NetworkRequest};
use holt_core::network::{HostQuestion, HostRule};
use holt_core::policy::Verdict;
use holt_core::session::Network;
use holt_core::view::Snapshot;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::terminal::clean_line;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  holt network last                                  where it may go, and what it asks
  holt network last allow                            package registries and Git hosts; asks for the rest
  holt network last --allow \"*.example.com:443\"     one more host, before all other rules
  holt network last open --deny ads.example.com
  holt network last --yes                            answers its question: for a minute
  holt network last --yes --always                   for as long as the session lives
  holt network last --no 17")]
pub struct Arguments {
    /// The session
    session: String,
    /// `none`, `allow` or `open`
    #[arg(value_parser = word)]
    network: Option<Network>,
    #[command(flatten)]
    hosts: Hosts,
    /// Forget the rules that it has
    #[arg(long)]
    clear: bool,
    /// Let it reach the host that it asks about; with its number when it asks about several
    #[arg(long, value_name = "QUESTION", num_args = 0..=1, conflicts_with_all = ["no", "network", "clear"])]
    yes: Option<Option<u64>>,
    /// Do not let it
    #[arg(long, value_name = "QUESTION", num_args = 0..=1, conflicts_with_all = ["network", "clear"])]
    no: Option<Option<u64>>,
    /// The answer holds for as long as the session lives
    #[arg(long)]
    always: bool,
}

/// Rules for hosts, in the order allow, ask, deny.
#[derive(Debug, Clone, Args)]
pub struct Hosts {
    /// A host to let it reach: `example.com`, `*.example.com`, with `:port` for that port alone
    #[arg(long, value_name = "HOST")]
    allow: Vec<String>,
    /// A host to ask about
    #[arg(long, value_name = "HOST")]
    ask: Vec<String>,
    /// A host that it may not reach
    #[arg(long, value_name = "HOST")]
    deny: Vec<String>,
}

impl Hosts {
    pub fn rules(&self) -> Vec<HostRule> {
        let of = |hosts: &[String], verdict| hosts.iter().map(move |host| HostRule { host: host.clone(), verdict }).collect();
        let all: [Vec<HostRule>; 3] =
            [of(&self.allow, Verdict::Allow), of(&self.ask, Verdict::Ask), of(&self.deny, Verdict::Deny)];
        all.into_iter().flatten().collect()
    }
}

pub fn word(word: &str) -> Result<Network, String> {
    Network::find(word).ok_or_else(|| "say none, allow or open".to_owned())
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.session(id).await.map_err(context.explain())?;
    let answered = arguments.yes.map(|which| (which, true)).or(arguments.no.map(|which| (which, false)));
    let rules = arguments.hosts.rules();
    let session = if let Some((which, allow)) = answered {
        let question = the_one(&session, which)?.question;
        client.answer_host(id, question, HostAnswer { allow, lasting: arguments.always }).await.map_err(context.explain())?
    } else if arguments.network.is_some() || arguments.clear || !rules.is_empty() {
        let network = arguments.network.unwrap_or(session.network);
        let kept =
            session.hosts.iter().filter(|_| !arguments.clear).filter(|kept| rules.iter().all(|rule| rule.host != kept.host));
        let hosts = rules.iter().chain(kept).cloned().collect();
        client.set_network(id, &NetworkRequest { network, hosts }).await.map_err(context.explain())?
    } else {
        session
    };
    context.output.result(&session, || text(&session))
}

fn the_one(session: &Snapshot, wanted: Option<u64>) -> Result<&HostQuestion, Failure> {
    let found = match (wanted, session.host_questions.as_slice()) {
        (Some(wanted), questions) => questions.iter().find(|open| open.question == wanted),
        (None, [one]) => Some(one),
        (None, []) => None,
        (None, several) => {
            let message = format!("it asks about {} hosts:\n{}", several.len(), questions(several).join("\n"));
            return Err(Failure::usage("which_question", message, "Name the question by its number."));
        }
    };
    found.ok_or_else(|| Failure::failed("question_not_found", "it asks nothing of the kind", "`holt network` says what it asks."))
}

fn questions(open: &[HostQuestion]) -> Vec<String> {
    open.iter().map(|open| format!("{}  {}:{}", open.question, clean_line(&open.host), open.port)).collect()
}

fn text(session: &Snapshot) -> String {
    let what = match session.network {
        Network::None => "none: nothing in the sandbox reaches anything outside",
        Network::Allow => "allow: where packages and code come from; a person is asked about the rest",
        Network::Open => "open: every public host that no rule denies",
    };
    let mut rows = vec![vec!["network".to_owned(), what.to_owned()]];
    for rule in &session.hosts {
        let verdict = match rule.verdict {
            Verdict::Allow => "allow",
            Verdict::Ask => "ask",
            Verdict::Deny => "deny",
        };
        rows.push(vec![verdict.to_owned(), clean_line(&rule.host)]);
    }
    rows.extend(questions(&session.host_questions).into_iter().map(|question| vec!["asks".to_owned(), question]));
    table(&rows)
}
