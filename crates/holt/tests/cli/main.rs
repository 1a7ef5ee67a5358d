//! The real program, from its command line to its exit code.

mod alone;
mod serve;
mod support;
