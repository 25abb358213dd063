//! A Rust archive besides libuv's, with threads and memory of its own.

#[unsafe(no_mangle)]
pub extern "C" fn other_sum(n: i32) -> i32 {
    let numbers: Vec<i32> = (0..n).collect();
    std::thread::spawn(move || numbers.iter().sum()).join().unwrap_or(-1)
}
