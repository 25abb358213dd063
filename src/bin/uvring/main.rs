//! The command `uvring`: shows what the library does (`demo`), whether and how it uses io_uring here (`doctor`), and puts
//! it under programs that were linked against libuv (`run`), measure it beside libuv (`bench`).

mod bench;
mod demo;
mod doctor;
mod elf;
mod generate;
mod library;
mod remedy;
mod run;
mod top;
mod workdir;

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, Command, value_parser};

/// Why a subcommand did not do its work, and what the process exits with.
struct Failure {
    text: String,
    exit: u8,
}

type Result<T = ()> = std::result::Result<T, Failure>;

/// The work was tried and went wrong.
const FAILED: u8 = 1;
/// `run`: something is wrong with uvring itself; the program was not looked at.
const NOT_READY: u8 = 125;
/// `run`: the program cannot be run on uvring.
const CANNOT_RUN: u8 = 126;
/// `run`: there is no such program.
const NOT_FOUND: u8 = 127;

impl Failure {
    fn new(exit: u8, text: impl Display) -> Failure {
        Failure { text: text.to_string(), exit }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn main() -> ExitCode {
    // Rust ignores it; `uvring doctor | head` should end quietly.
    // SAFETY: no other thread runs yet, and the default needs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let matches = command().get_matches();
    let done = match matches.subcommand() {
        Some(("bench", args)) => bench::bench(args.get_many("args").into_iter().flatten().cloned()),
        Some(("demo", args)) => demo::demo(args.get_flag("no-ring")),
        Some(("doctor", args)) => doctor::doctor(args.get_one("DIR"), args.get_flag("json")),
        Some(("generate", args)) => {
            generate::generate(command(), args.get_one::<OsString>("folder").map_or(OsStr::new("."), |f| f))
        }
        Some(("run", args)) => {
            let words = args.get_many::<OsString>("program").into_iter().flatten().cloned().collect();
            let options = run::Options {
                no_ring: args.get_flag("no-ring"),
                stats: args.get_flag("stats"),
                trace: args.get_one("trace").cloned(),
                slow: args.get_one("slow").copied(),
            };
            run::run(words, options)
        }
        Some(("top", args)) => {
            let every = args.get_one::<f64>("every").copied().unwrap_or(1.0);
            let options = top::Options {
                once: args.get_flag("once"),
                json: args.get_flag("json"),
                every: Duration::from_secs_f64(every.clamp(0.1, 3600.0)),
            };
            top::top(args.get_one::<u32>("pid").copied(), &options)
        }
        _ => Err(Failure::new(FAILED, "no such subcommand")),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("uvring: {failure}");
            ExitCode::from(failure.exit)
        }
    }
}

fn command() -> Command {
    let no_ring = || {
        Arg::new("no-ring")
            .long("no-ring")
            .action(ArgAction::SetTrue)
            .help("Use epoll, not io_uring (UV_USE_IO_URING=0)")
    };
    Command::new("uvring")
        .version(env!("CARGO_PKG_VERSION"))
        .about("libuv's C ABI over one io_uring per loop: see it work, look at this machine, put it under programs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(
            "Examples:\n  uvring demo                  see it work\n  uvring doctor                may io_uring be used here?\n  \
             uvring run -- node app.js    put it under a program",
        )
        .subcommand(
            Command::new("demo")
                .about("Compile a C program against the library's headers, run it, and show what ran where")
                .arg(no_ring())
                .after_help(
                    "Examples:\n  uvring demo\n  CC=clang uvring demo --no-ring\n\nNeeds a C compiler: cc, or what CC names. UVRING_INCLUDE names another folder with uv.h and \
                     uvring.h,\nUVRING_LIB_DIR another with libuv.so.1.",
                ),
        )
        .subcommand(
            Command::new("bench")
                .about("Measure the library beside libuv, case by case (in the source tree; `bench --help` tells more)")
                // Everything behind the name is for the program that measures.
                .disable_help_flag(true)
                .arg(
                    Arg::new("args")
                        .num_args(0..)
                        .trailing_var_arg(true)
                        .allow_hyphen_values(true)
                        .value_parser(value_parser!(OsString)),
                ),
        )
        .subcommand(
            Command::new("doctor")
                .about("Tell whether io_uring may be used here, what refuses it, what to do about it, and how files are done")
                .arg(
                    Arg::new("DIR")
                        .value_parser(value_parser!(PathBuf))
                        .help("Where files are tried [default: the system's folder for temporary files]"),
                )
                .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("The same for programs"))
                .after_help("Examples:\n  uvring doctor\n  uvring doctor /srv/data\n  uvring doctor --json | jq .verdict\n\nEvery line comes from trying. Exits with 0 if the ring is used, with 1 if it is not."),
        )
        .subcommand(
            // For `install.sh`.
            Command::new("generate")
                .about("Write the manual pages, and completions for bash, zsh and fish, into a folder")
                .hide(true)
                .arg(Arg::new("folder").required(true).value_parser(value_parser!(OsString))),
        )
        .subcommand(top_command())
        .subcommand(
            Command::new("run")
                .about("Run a program that links libuv.so.1, or exports a libuv of its own, on this library instead")
                .override_usage("uvring run [--no-ring] [--stats] [--trace FILE] [--slow MS] [--] PROGRAM [ARGS]...")
                .arg(no_ring())
                .arg(
                    Arg::new("stats")
                        .long("stats")
                        .action(ArgAction::SetTrue)
                        .help("At exit, print on standard error what the loops did; until then `uvring top` can show it"),
                )
                .arg(
                    Arg::new("trace")
                        .long("trace")
                        .value_name("FILE")
                        .help("Write what the loops do to a file that ui.perfetto.dev and chrome://tracing open")
                        .value_parser(value_parser!(PathBuf)),
                )
                .arg(
                    Arg::new("slow")
                        .long("slow")
                        .value_name("MS")
                        .help("Tell on standard error which callback holds a loop for longer, and where it is then")
                        .value_parser(value_parser!(u64).range(1..)),
                )
                .arg(
                    Arg::new("program")
                        .value_name("PROGRAM")
                        .help("The program, looked up in PATH, and its arguments")
                        .required(true)
                        .num_args(1..)
                        // What stands before the program is an option; what stands behind it is the program's.
                        .trailing_var_arg(true)
                        .action(ArgAction::Append)
                        .value_parser(value_parser!(OsString)),
                )
                .after_help(
                    "Examples:\n  uvring run -- node app.js\n  uvring run --stats -- nvim --headless +q\n  \
                     uvring run --no-ring -- cmake -B build\n  uvring run --trace trace.json -- node app.js\n  \
                     uvring run --slow 20 -- node server.js\n\n\
                     Exits as the program does; with 127 if there is no such program, with 126 if it cannot run on \
                     this library\n(the message says why), with 125 if the library is not found.",
                ),
        )
}

fn top_command() -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("top")
        .about(
            "Show what the loops of a running process do: rates, ways of files, how long callbacks take and jobs wait",
        )
        .arg(
            Arg::new("pid")
                .value_name("PID")
                .help("The process; without one, those that can be shown are listed")
                .value_parser(value_parser!(u32)),
        )
        .arg(flag("once", "One page of what was since the start, and no more"))
        .arg(flag("json", "The same for programs"))
        .arg(
            Arg::new("every")
                .long("every")
                .value_name("SECONDS")
                .help("From one look to the next [default: 1]")
                .value_parser(value_parser!(f64)),
        )
        .after_help(
            "Examples:\n  uvring run --stats -- node server.js &\n  uvring top $!\n  uvring top --once 4242\n  \
             uvring top --json 4242 | jq '.loops[].counters.files_pool'\n\n\
             The process has to measure: start it with `uvring run --stats`, or with UVRING_METRICS=1 in its \
             environment.\nKeys: arrows and j, k scroll; q, Esc and Ctrl-C quit.",
        )
}
