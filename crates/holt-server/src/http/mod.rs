//! The parts of HTTP that the routes share: what a client accepts, ranges, names of files, bodies and parameters.

pub(crate) mod accept;
pub(crate) mod body;
pub(crate) mod conditional;
pub(crate) mod cookies;
pub(crate) mod cursor;
pub(crate) mod disposition;
pub(crate) mod envelope;
pub(crate) mod headers;
pub(crate) mod params;
pub(crate) mod range;
