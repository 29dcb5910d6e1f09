//! A fuzz target: the binary's own name says which.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run(env!("CARGO_BIN_NAME"), data));
