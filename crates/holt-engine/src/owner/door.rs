//! The way into the sandbox, as those who wait for it see it.

/// How far the opening of the sandbox is, for those who wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Closed,
    Opening,
    Open {
        /// Which opening it was: what is heard of an earlier one is no news of this.
        opening: u64,
        /// It stood open before this process came.
        found: bool,
    },
}

impl Door {
    pub fn is_opening(self, number: u64) -> bool {
        matches!(self, Self::Open { opening, .. } if opening == number)
    }
}
