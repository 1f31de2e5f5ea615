#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| latchkey::properties::claim_rules(data));
