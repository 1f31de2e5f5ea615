#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| latchkey::properties::one_time_code(data));
