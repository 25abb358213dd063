//! `uvring run --trace` and `--slow`.

use super::*;

/// Compiles `slow.c` against our library.
fn slow(name: &str) -> Result<PathBuf> {
    let program = work(name)?.join("slow");
    let mut cc = Command::new(compile::cc());
    cc.args(["-std=gnu11", "-O1", "-Wall", "-o"]).arg(&program);
    cc.arg(format!("-I{}", sources::project().join("include").display()));
    compile::run(cc.arg(sources::project().join("c-tests/command/slow.c")).arg(library::ours()?.file()))?;
    Ok(program)
}

/// The events of a trace, whose list has no end.
fn events(file: &Path) -> Result<Vec<serde_json::Value>> {
    let text = sources::read(file)?;
    let list = format!("{}]", text.trim_end().trim_end_matches(','));
    serde_json::from_str(&list).map_err(|e| format!("{e} in {text}"))
}

/// Of the program, and of one that it starts.
#[test]
fn run_writes_a_trace_of_what_the_loops_do() -> Result {
    let program = slow("trace")?;
    for flags in [&["run"][..], &["run", "--no-ring"]] {
        let file = work("trace")?.join("trace.json");
        let mut command = uvring(flags)?;
        command.args(["--trace", "trace.json", "--"]).args([&program, &program]);
        let said = run(command.current_dir(work("trace")?))?;
        said.is(0, "");
        let events = events(&file)?;
        let of = |category: &str, name: &str| -> Vec<&serde_json::Value> {
            events.iter().filter(|event| event["cat"] == category && event["name"] == name).collect()
        };
        for (category, name) in [
            ("callback", "slow_timer"),
            ("callback", "on_stat"),
            ("callback", "on_async"),
            ("callback", "a_job"),
            ("callback", "after_the_job"),
            ("callback", "on_exit_of_child"),
            ("phase", "timers"),
            ("phase", "poll"),
            ("wait", "wait"),
            ("pool", "uv_queue_work"),
            ("file", "stat"),
            ("loop", "woken"),
        ] {
            assert!(!of(category, name).is_empty(), "no {category} {name} in {events:#?}");
        }
        let microseconds = |event: &serde_json::Value| event["dur"].as_f64().unwrap_or_default();
        let timers = of("callback", "slow_timer");
        assert!(timers.len() == 2 && timers.iter().all(|event| microseconds(event) >= 150e3), "{timers:?}");
        assert_ne!(timers[0]["pid"], timers[1]["pid"]);
        let jobs = of("pool", "uv_queue_work");
        assert!(jobs.iter().all(|event| microseconds(event) >= 2000.0), "{jobs:?}");
        let waits = of("pool", "waits for a thread");
        assert!(waits.iter().all(|event| event["args"]["waited_us"].is_number()) && !waits.is_empty(), "{events:?}");
        let stats = of("file", "stat");
        let stat = &stats.iter().find(|event| event["ph"] == "e").ok_or("no end of a stat")?["args"];
        assert!(stat["path"] == "/a \"path\"" && stat["result"] == -2 && stat["way"].is_string(), "{stat}");
    }
    run(uvring(&["run", "--trace", "/nowhere/trace", "--"])?.arg(&program))?
        .complains(125, "the trace /nowhere/trace cannot be written");
    Ok(())
}

#[test]
fn run_tells_which_callback_holds_a_loop_and_where_it_is() -> Result {
    let program = slow("slow")?;
    let said = run(uvring(&["run", "--slow", "40", "--"])?.arg(&program))?;
    said.is(0, "");
    said.complains(0, "slow_timer (slow) has held the loop of thread ");
    said.complains(0, "slow_timer (slow) held its loop for 1");
    // Where it is, from the inside to the outside, and no farther than the callback.
    let stack: Vec<_> = said.err.lines().filter(|line| line.starts_with("   ")).collect();
    let at = |name: &str| stack.iter().position(|line| line.ends_with(&format!("{name} (slow)")));
    let (inner, outer) = (at("compute_for_long"), at("slow_timer"));
    assert!(inner.is_some() && inner < outer && !said.err.contains("uv_run"), "{}", said.err);
    let said = run(uvring(&["run", "--slow", "10000", "--"])?.arg(&program))?;
    assert!(!said.err.contains("held"), "{}", said.err);
    run(uvring(&["run", "--slow", "0", "--"])?.arg(&program))?.complains(2, "0 is not in 1..");
    Ok(())
}

/// Tools that attach to a process find them in the file.
#[test]
fn the_library_has_probes() -> Result {
    let mut readelf = Command::new("readelf");
    let notes = run(readelf.args(["--wide", "--notes"]).arg(library::ours()?.file()))?;
    let found: std::collections::HashSet<_> =
        notes.out.lines().filter_map(|line| line.trim().strip_prefix("Name: ")).collect();
    assert_eq!(found, ["submit", "complete", "callback", "callback_done"].into(), "{}", notes.out);
    assert!(notes.out.contains("Provider: uvring"), "{}", notes.out);
    Ok(())
}
