//! The way out of sandboxes, and the only one.
//!
//! A sandbox has no route and no names. What it wants from outside it asks of the [`Proxy`], which speaks SOCKS5 and HTTP
//! over any stream of bytes. Whether a host may be reached a [`Policy`] says, which may ask a person; every connection is made by the one
//! [`Dialer`], which resolves a name once, refuses every address that is not a public one ([`address`]), and connects to
//! exactly the address that it checked. In TLS the server's name must be the one that was asked for ([`hello`]).
//!
//! What comes over such a stream is hostile: sizes, times and numbers are bounded ([`Limits`]), and whatever is not
//! understood is refused.

pub mod address;
pub mod authority;
mod dial;
pub mod hello;
mod own;
mod policy;
mod proxy;
mod refusal;
mod target;

pub use authority::Signer;
pub use dial::{Dialer, Exceptions};
pub use policy::{Decided, Policy};
pub use proxy::{Client, Injected, Limits, Proxy};
pub use refusal::Refusal;
pub use target::{Host, Name, NotATarget, Target};
