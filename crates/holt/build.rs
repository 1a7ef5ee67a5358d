//! Embeds the keeper: the static executable that runs in every sandbox.
//!
//! `make keeper` builds it, and `HOLT_KEEPER` says where it is. Without it the program still builds, for checks, and
//! looks for the keeper beside itself when it runs.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=HOLT_KEEPER");
    println!("cargo::rustc-check-cfg=cfg(has_keeper)");
    let Some(keeper) = env::var_os("HOLT_KEEPER").map(PathBuf::from) else { return };
    println!("cargo::rerun-if-changed={}", keeper.display());
    match fs::read(&keeper) {
        Ok(bytes) => {
            println!("cargo::rustc-cfg=has_keeper");
            println!("cargo::rustc-env=HOLT_KEEPER_FILE={}", keeper.display());
            println!("cargo::rustc-env=HOLT_KEEPER_HASH={:016x}", hash(&bytes));
        }
        Err(_) if env::var_os("PROFILE").is_some_and(|profile| profile == "release") => {
            println!("cargo::error=there is no {}; build it first with `make keeper`", keeper.display());
        }
        Err(_) => println!("cargo::warning=there is no {}; `make keeper` builds it", keeper.display()),
    }
}

/// FNV-1a. It only tells one build's keeper from another's; nothing is protected by it.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
