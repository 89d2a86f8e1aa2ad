#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::hostile::judge("compiled_plan", bytes));
