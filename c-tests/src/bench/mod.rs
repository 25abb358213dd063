//! `uvring bench`: the library beside another one, case by case, in alternating rounds.
//!
//! `cases` says what is measured, `contender` who is compared, `run` runs one case for one contender once, `figures` turns
//! what the runs say into medians and verdicts, `machine` says where it was measured; `report` writes tables, `plot`
//! pictures. The programs are `c-tests/bench/*.c`: each uses only libuv's functions and is compiled once, against our
//! headers; which library it runs on is chosen when it starts.
//!
//! `programs` has programs that people use, as they come and on ours, and `page` writes the table of those.
//!
//! All this lies here and not in the command, which has neither libuv's sources nor a way to build them: `uvring bench`
//! runs this package's program `bench` with cargo, optimised.

pub mod cases;
pub mod contender;
pub mod figures;
pub mod machine;
pub mod page;
pub mod plot;
pub mod programs;
pub mod report;
pub mod run;
