//! Who says where a session may go. What an address is the dialer looks at, whatever is said here.

use async_trait::async_trait;
use holt_core::network::Judgement;

use crate::proxy::Injected;
use crate::refusal::Refusal;
use crate::target::Target;

/// What became of a wish to reach something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Why it was refused, when it was.
    pub refusal: Option<Refusal>,
    /// What decided: a rule's own text, or a word.
    pub rule: String,
}

/// The policy of one session.
#[async_trait]
pub trait Policy: Send + Sync {
    /// What it says to a target now. It may take as long as a person needs to answer; anything but "allow" refuses.
    async fn judge(&self, target: &Target) -> Judgement;

    /// Whether what it once allowed it still does; nobody is asked.
    async fn still(&self, target: &Target) -> bool;

    /// What is added to requests to this target, which then is opened up for it.
    async fn secret(&self, _target: &Target) -> Option<Injected> {
        None
    }

    /// Hears what was decided, each time.
    fn told(&self, target: &Target, decided: &Decided);
}
