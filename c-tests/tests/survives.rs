//! The commands of `docs/what-it-survives.md` and `docs/kernels.md`: each is one, and what it asks for is there. At full size they take hours;
//! here they only list what they would run.

use std::process::Command;

use c_tests::{compile, sources};

type Result<T = ()> = std::result::Result<T, String>;

/// What stands between backticks and runs tests; a command may be broken over lines.
fn commands(page: &str) -> Vec<String> {
    let pieces = page.split('`').skip(1).step_by(2).map(|piece| piece.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut found: Vec<String> = pieces.filter(|piece| piece.contains("cargo test ")).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn every_command_of_the_pages_selects_something() -> Result {
    let mut failed = Vec::new();
    let mut tried = 0;
    for page in ["what-it-survives.md", "kernels.md"] {
        for command in commands(&sources::read(&sources::project().join("docs").join(page))?) {
            tried += 1;
            let separator = if command.contains(" -- ") { "" } else { " --" };
            // What is written is nothing here.
            let listed = format!("{command}{separator} --list").replace("UVRING_DOCS_UPDATE=1 ", "");
            let mut shell = Command::new("sh");
            shell.current_dir(sources::project()).args(["-c", &listed]);
            let said = compile::output(&mut shell)?;
            if !said.lines().any(|line| line.ends_with(": test")) {
                failed.push(format!("{page}: {command} selects nothing"));
            }
        }
    }
    assert!(tried > 3, "only {tried} commands were found");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

#[test]
fn commands_are_found_where_lines_are_broken() {
    assert_eq!(commands("a `b` c `X=1\ncargo test -- y` d"), ["X=1 cargo test -- y"]);
}
