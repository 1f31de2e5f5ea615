#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| latchkey::properties::encryption_key(data));
