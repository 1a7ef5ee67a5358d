//! What every store must do, as tests that any adapter runs: `holt_testkit::store_contract!(make)`, where `make` is an
//! async function that returns a fresh and empty `Subject`.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::sync::Arc;

use async_trait::async_trait;
use holt_core::store::{Keys, Store};

mod access;
mod events;
mod heads;
mod ownership;
mod pages;
mod samples;
mod search;
mod spending;

pub use access::*;
pub use events::*;
pub use heads::*;
pub use ownership::*;
pub use pages::*;
pub use samples::{append, event, events, head, key, session};
pub use search::*;
pub use spending::*;

/// A store that is tried.
#[async_trait]
pub trait Subject: Send + Sync {
    fn store(&self) -> Arc<dyn Store>;

    fn keys(&self) -> Arc<dyn Keys>;

    /// Closes the store and opens it again, as a restart of the server would. Handles that were given out before are of no
    /// use any more and must have been dropped.
    async fn reopen(&mut self);
}

/// One test for each thing that a store must do.
#[macro_export]
macro_rules! store_contract {
    ($make:path) => {
        $crate::store_contract! { @cases $make:
            a_session_is_created_once,
            what_is_not_there_is_not_found,
            a_claim_fences_off_whoever_wrote_before,
            of_two_claimers_only_the_later_writes,
            a_removed_session_is_gone_and_no_other,
            removing_what_is_not_there_harms_nobody_later,
            events_come_back_as_they_were_written,
            a_write_must_follow_on_the_last_event,
            a_batch_that_contradicts_itself_is_refused_whole,
            an_append_without_events_changes_the_head,
            a_refused_write_does_not_hinder_its_neighbours,
            fifty_sessions_write_at_once,
            everything_is_there_after_reopening,
            pages_go_forward_without_gap_or_repetition,
            pages_go_backward_without_gap_or_repetition,
            a_page_is_bounded_in_bytes,
            pages_are_right_while_the_log_grows,
            lists_show_the_newest_first,
            lists_are_filtered,
            lists_are_paged_while_sessions_come_and_go,
            sessions_are_counted_by_status,
            what_was_said_is_found_by_whom_it_belongs_to,
            unfinished_sessions_are_found,
            sessions_are_due_in_order,
            a_key_is_found_by_its_hash,
            keys_are_listed_by_owner,
            a_key_is_revoked_once,
            what_was_spent_is_counted_once_and_stays,
            a_store_that_works_says_so,
        }
    };
    (@cases $make:path: $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::store_contract::$case($make().await).await;
            }
        )+
    };
}
