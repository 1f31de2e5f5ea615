//! What presenting a client's refresh token means: the same as a browser's does.

use super::rotation::{Decision, Family, decide_generation};
use crate::server::{clock::Timestamp, config::SessionConfig, store::grants::GrantRecord};

/// Decides about a grant that was not revoked, and carries it over to what follows. The caller stores it, or revokes it.
pub fn present(grant: &mut GrantRecord, presented: u64, now: Timestamp, rules: &SessionConfig) -> Decision {
    let family = Family {
        generation: grant.generation,
        confirmed: grant.confirmed,
        rotated_at: grant.rotated_at,
        replaced_at: None,
        expires_at: grant.idle_expires_at.min(grant.absolute_expires_at),
    };
    let decision = decide_generation(&family, presented, now, rules);
    match decision {
        Decision::Keep => grant.confirmed = true,
        Decision::Rotate => {
            grant.generation += 1;
            grant.confirmed = false;
            grant.rotated_at = now;
        }
        // As far as is known, the client only gets it now.
        Decision::Reissue(_) if !grant.confirmed => grant.rotated_at = now,
        Decision::Reissue(_) => {}
        Decision::Ended(_) | Decision::Reuse | Decision::Unknown => return decision,
    }
    grant.last_used_at = now;
    grant.idle_expires_at = (now + rules.idle_ttl).min(grant.absolute_expires_at);
    decision
}
