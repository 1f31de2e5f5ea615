//! What presenting a client's refresh token means: the same as a browser's does.

use std::time::Duration;

use super::rotation::{Decision, Family, decide_generation, idle_expiry};
use crate::server::{clock::Timestamp, config::SessionConfig, store::grants::GrantRecord};

/// How soon use that changes nothing else is written again, at the latest.
const NOTED: Duration = Duration::from_secs(60);

/// Whether presenting a token changes nothing of its grant: it is the newest, somebody has used it by the same rules, and so
/// lately that this use need not be written as well. A grant may go idle earlier by that time, which is a tenth of its own at the
/// most.
pub fn is_noted(grant: &GrantRecord, presented: u64, now: Timestamp, rules: &SessionConfig) -> bool {
    grant.confirmed
        && now - grant.last_used_at < NOTED.min(rules.idle_ttl / 10)
        && grant.idle_expires_at == idle_expiry(grant.last_used_at, grant.absolute_expires_at, rules)
        && decide(grant, presented, now, rules) == Decision::Keep
}

/// Decides about a grant that was not revoked.
fn decide(grant: &GrantRecord, presented: u64, now: Timestamp, rules: &SessionConfig) -> Decision {
    let family = Family {
        generation: grant.generation,
        confirmed: grant.confirmed,
        rotated_at: grant.rotated_at,
        replaced_at: None,
        expires_at: grant.idle_expires_at.min(grant.absolute_expires_at),
    };
    decide_generation(&family, presented, now, rules)
}

/// Decides, and carries the grant over to what follows. The caller stores it, or revokes it.
pub fn present(grant: &mut GrantRecord, presented: u64, now: Timestamp, rules: &SessionConfig) -> Decision {
    let decision = decide(grant, presented, now, rules);
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
    grant.idle_expires_at = idle_expiry(now, grant.absolute_expires_at, rules);
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        id::{ClientSessionId, GrantId, UserId},
        methods::Method,
        oauth::{client_id::ClientId, resource::Resources, scope::Scopes},
    };

    const USED: Timestamp = Timestamp::from_seconds(1_000_000);
    const DAY: Duration = Duration::from_secs(86_400);
    const NEVER_ROTATES: SessionConfig = SessionConfig {
        idle_ttl: DAY.saturating_mul(30),
        absolute_ttl: DAY.saturating_mul(180),
        rotate_after: Duration::MAX,
        reuse_grace: Duration::from_secs(30),
    };

    fn grant(confirmed: bool) -> GrantRecord {
        let id = "019a0000-0000-7000-8000-00000000abcd";
        GrantRecord {
            id: GrantId::parse(id).unwrap(),
            client_session: ClientSessionId::parse(id).unwrap(),
            sign_in: ClientSessionId::parse(id).unwrap(),
            client: ClientId::parse("lkc_AAAAAAAAAAAAAAAAAAAAAA").unwrap(),
            user: UserId::parse(id).unwrap(),
            scopes: Scopes::default(),
            resources: Resources::default(),
            auth_time: USED,
            methods: Method::Password.into(),
            acr: None,
            salt: vec![0; 16],
            generation: 3,
            confirmed,
            rotated_at: USED,
            created_at: USED,
            last_used_at: USED,
            idle_expires_at: USED + NEVER_ROTATES.idle_ttl,
            absolute_expires_at: USED + NEVER_ROTATES.absolute_ttl,
            revoked: None,
            code: None,
        }
    }

    fn noted(grant: &GrantRecord, presented: u64, seconds: u64, rules: &SessionConfig) -> bool {
        is_noted(grant, presented, USED + Duration::from_secs(seconds), rules)
    }

    #[test]
    fn use_is_noted_for_a_minute() {
        let used = grant(true);
        assert!(noted(&used, 3, 0, &NEVER_ROTATES) && noted(&used, 3, 59, &NEVER_ROTATES));
        assert!(!noted(&used, 3, 60, &NEVER_ROTATES));
        assert!(
            is_noted(&used, 3, Timestamp::from_seconds(999_000), &NEVER_ROTATES),
            "the clock was set back"
        );
    }

    #[test]
    fn and_for_a_tenth_of_the_time_that_a_grant_may_be_idle() {
        let short = SessionConfig { idle_ttl: Duration::from_secs(60), ..NEVER_ROTATES };
        let used = GrantRecord { idle_expires_at: USED + short.idle_ttl, ..grant(true) };
        assert!(noted(&used, 3, 5, &short) && !noted(&used, 3, 6, &short));
    }

    #[test]
    fn use_is_not_noted_by_other_rules() {
        for days in [29, 31] {
            let changed = SessionConfig { idle_ttl: DAY * days, ..NEVER_ROTATES };
            assert!(!noted(&grant(true), 3, 1, &changed), "{days} days");
        }
        let ends_first =
            GrantRecord { idle_expires_at: USED + DAY, absolute_expires_at: USED + DAY, ..grant(true) };
        assert!(noted(&ends_first, 3, 1, &NEVER_ROTATES), "no rule lets it live longer");
    }

    #[test]
    fn what_changes_a_grant_is_never_noted() {
        assert!(!noted(&grant(false), 3, 1, &NEVER_ROTATES), "it is the first use");
        let rotates = SessionConfig { rotate_after: Duration::from_secs(30), ..NEVER_ROTATES };
        assert!(noted(&grant(true), 3, 29, &rotates) && !noted(&grant(true), 3, 30, &rotates));
        for other in [0, 2, 4] {
            assert!(!noted(&grant(true), other, 1, &NEVER_ROTATES), "generation {other}");
        }
        let ended = GrantRecord { absolute_expires_at: USED, ..grant(true) };
        assert!(!noted(&ended, 3, 0, &NEVER_ROTATES));
    }
}
