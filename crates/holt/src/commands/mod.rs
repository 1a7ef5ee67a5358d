//! One module for each command: its arguments, and what it does.

pub mod answer;
pub mod compact;
pub mod completions;
pub mod config;
pub mod doctor;
pub mod follow;
pub mod gc;
pub mod get;
pub mod key;
pub mod life;
pub mod list;
pub mod logs;
pub mod network;
pub mod open;
pub mod openapi;
pub mod preview;
pub mod project;
pub mod put;
pub mod run;
pub mod secret;
pub mod send;
pub mod show;
pub mod start;
pub mod status;
pub mod stop;
pub mod terminal;
