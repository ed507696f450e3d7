#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code, reason = "each target is one of the checks")]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::names(input));
