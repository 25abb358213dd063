//! What a failure is worth on a busy machine: a trial that fails is run again alone, twice. Passing both times it is reported
//! FLAKY, failing either time it is red.

use libtest_mimic::{Completion, Failed};
use std::sync::RwLock;

/// Held shared by a trial among others, and alone by one that is run again.
static ALONE: RwLock<()> = RwLock::new(());

/// Runs a trial by this rule.
pub fn twice_alone(name: &str, run: impl Fn() -> Result<Completion, Failed>) -> Result<Completion, Failed> {
    let first = {
        let _others = ALONE.read();
        run()
    };
    let Err(failed) = &first else { return first };
    let _alone = ALONE.write();
    for _ in 0..2 {
        if run().is_err() {
            return first;
        }
    }
    eprintln!("FLAKY {name} (1 of 3 runs failed): {}", failed.message().unwrap_or_default());
    Ok(Completion::Completed)
}
