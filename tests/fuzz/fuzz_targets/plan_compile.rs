#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| testkit::hostile::judge("plan_compile", bytes));
