//! Providers through which people come in, parsed at the edge.

pub mod algorithms;
pub mod claim_rule;
pub mod issuer;
pub mod linked;
pub mod metadata;
pub mod preset;
pub mod report;
pub mod sign_up;
pub mod slug;
