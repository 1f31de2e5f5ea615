//! Tests through the whole program.
