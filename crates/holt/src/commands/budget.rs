//! `holt budget`: what a session may use, and what it has.

use clap::Args;
use holt_api::SetBudget;
use holt_core::budget::{Account, Allowance, Bound, Budget, Reach, amount};

use crate::config::allowance;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;

#[derive(Debug, Args)]
#[command(
    after_help = "A budget is written on one line: steps, tokens, cost in US dollars, time; what is not named does not bind.
The first that is reached stops the run. Keys and the server have budgets too: `holt key add`, `holt config`.

Examples:
  holt budget last                                 what there is, and what is used of it
  holt budget last --session cost=5,time=8h        for all runs of the session together
  holt budget last --run steps=50
  holt budget last --session none"
)]
pub struct Arguments {
    /// The session
    session: String,
    /// What each run may use from now on
    #[arg(long, value_name = "BUDGET", value_parser = allowance)]
    run: Option<Allowance>,
    /// What all runs of the session may use together from now on
    #[arg(long = "session", value_name = "BUDGET", value_parser = allowance)]
    of_session: Option<Allowance>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    if arguments.run.is_some() || arguments.of_session.is_some() {
        let budget = arguments.run.map(of_run);
        let wanted = SetBudget { budget, session_budget: arguments.of_session };
        client.set_budget(id, wanted).await.map_err(context.explain())?;
    }
    let budgets = client.budgets(id).await.map_err(context.explain())?;
    context.output.result(&budgets, || {
        let rows: Vec<Vec<String>> = budgets.items.iter().flat_map(rows).collect();
        if rows.is_empty() { "nothing is bounded".into() } else { table(&rows) }
    })
}

/// A run's budget counts steps in fewer digits than others do.
pub fn of_run(Allowance { steps, tokens, cost_micros, seconds }: Allowance) -> Budget {
    Budget { steps: steps.map(|steps| u32::try_from(steps).unwrap_or(u32::MAX)), tokens, cost_micros, seconds }
}

fn rows(account: &Account) -> Vec<Vec<String>> {
    let whose = match account.of {
        Reach::Run => "run",
        Reach::Session => "session",
        Reach::Key => "key",
        Reach::KeyDay => "key, today",
        Reach::Day => "server, today",
    };
    let Account { allowance, spent, .. } = account;
    let bounds = [
        (Bound::Steps, spent.steps, allowance.steps),
        (Bound::Tokens, spent.tokens, allowance.tokens),
        (Bound::Cost, spent.cost_micros, allowance.cost_micros),
        (Bound::Time, spent.millis / 1000, allowance.seconds),
    ];
    let unpriced = |bound| if bound == Bound::Cost && spent.unpriced { "at least " } else { "" };
    let row = |(bound, used, limit): (Bound, u64, Option<u64>)| {
        let (used, limit) = (amount(bound, used), amount(bound, limit?));
        Some(vec![whose.to_owned(), format!("{}{used}", unpriced(bound)), format!("of {limit}")])
    };
    bounds.into_iter().filter_map(row).collect()
}
