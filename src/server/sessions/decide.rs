//! What presenting a refresh token means: never sign an honest person out, always catch a thief.

use std::time::Duration;

use crate::{
    model::session::SignOutReason,
    server::{clock::Timestamp, config::SessionConfig, store::sessions::SessionRecord},
};

/// What to do with an authentic refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The newest generation, made a moment ago: a new access token, the same refresh token.
    Keep,
    /// The newest generation: move on to the next.
    Rotate,
    /// The generation before, from someone who should have the newest.
    Reissue(Reissue),
    /// The session is over.
    Ended(SignOutReason),
    /// A generation that has been followed by one in use: somebody else holds a copy. End the session.
    Theft,
    /// A generation that was never made. Only a restored backup can lead here. Nothing changes.
    Unknown,
}

/// Why the newest generation is handed out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reissue {
    /// Another tab rotated a moment ago.
    Concurrent,
    /// Nobody has used the newest generation: its response never arrived.
    ResponseLost,
}

/// Decides by generations, never by comparing times of use: two requests in one millisecond are told apart, and a
/// clock that jumps accuses nobody.
pub fn decide(row: &SessionRecord, presented: u64, now: Timestamp, config: &SessionConfig) -> Decision {
    if let Some((_, reason)) = row.revoked {
        return Decision::Ended(reason);
    }
    if now >= row.idle_expires_at || now >= row.absolute_expires_at {
        return Decision::Ended(SignOutReason::Expired);
    }
    if presented > row.generation {
        return Decision::Unknown;
    }
    let age = now - row.rotated_at;
    match row.generation - presented {
        0 if age < config.rotate_after => Decision::Keep,
        0 => Decision::Rotate,
        1 if within(age, config.reuse_grace) => Decision::Reissue(Reissue::Concurrent),
        1 if !row.confirmed => Decision::Reissue(Reissue::ResponseLost),
        _ => Decision::Theft,
    }
}

/// A grace of zero is none, even within the millisecond of the rotation.
fn within(age: Duration, grace: Duration) -> bool {
    age <= grace && !grace.is_zero()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{SessionId, UserId};

    const CONFIG: SessionConfig = SessionConfig {
        idle_ttl: Duration::from_secs(7 * 86400),
        absolute_ttl: Duration::from_secs(30 * 86400),
        rotate_after: Duration::from_secs(30),
        reuse_grace: Duration::from_secs(30),
    };
    const ROTATED: Timestamp = Timestamp::from_seconds(1_000_000);

    fn after(seconds: u64) -> Timestamp {
        ROTATED + Duration::from_secs(seconds)
    }

    fn session(generation: u64, confirmed: bool) -> SessionRecord {
        SessionRecord {
            id: SessionId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap(),
            user_id: UserId::parse("019a0000-0000-7000-8000-00000000dcba").unwrap(),
            salt: vec![0; 16],
            generation,
            confirmed,
            rotated_at: ROTATED,
            created_at: ROTATED,
            authenticated_at: ROTATED,
            last_seen_at: ROTATED,
            idle_expires_at: ROTATED + CONFIG.idle_ttl,
            absolute_expires_at: ROTATED + CONFIG.absolute_ttl,
            revoked: None,
            token_kid: String::new(),
            token_expires_at: ROTATED,
            name: None,
            user_agent: String::new(),
            ip: String::new(),
        }
    }

    fn decided(row: &SessionRecord, presented: u64, seconds: u64) -> Decision {
        decide(row, presented, after(seconds), &CONFIG)
    }

    #[test]
    fn a_generation_that_was_never_made_changes_nothing() {
        assert_eq!(decided(&session(3, true), 4, 60), Decision::Unknown);
        assert_eq!(decided(&session(3, true), u64::MAX, 60), Decision::Unknown);
    }

    #[test]
    fn the_newest_generation_rotates_once_it_is_old_enough() {
        for confirmed in [false, true] {
            assert_eq!(decided(&session(3, confirmed), 3, 0), Decision::Keep);
            assert_eq!(decided(&session(3, confirmed), 3, 29), Decision::Keep);
            assert_eq!(decided(&session(3, confirmed), 3, 30), Decision::Rotate);
            assert_eq!(decided(&session(3, confirmed), 3, 6 * 86400), Decision::Rotate);
        }
    }

    #[test]
    fn the_generation_before_is_another_tab_within_the_grace() {
        for confirmed in [false, true] {
            assert_eq!(decided(&session(3, confirmed), 2, 0), Decision::Reissue(Reissue::Concurrent));
            assert_eq!(decided(&session(3, confirmed), 2, 30), Decision::Reissue(Reissue::Concurrent));
        }
    }

    #[test]
    fn the_generation_before_is_a_lost_response_as_long_as_nobody_used_the_newest() {
        for seconds in [31, 3600, 86400, 6 * 86400] {
            assert_eq!(decided(&session(3, false), 2, seconds), Decision::Reissue(Reissue::ResponseLost));
        }
    }

    #[test]
    fn the_generation_before_is_theft_once_the_newest_was_used() {
        assert_eq!(decided(&session(3, true), 2, 31), Decision::Theft);
    }

    #[test]
    fn anything_older_is_theft_at_once() {
        for confirmed in [false, true] {
            for presented in [0, 1] {
                assert_eq!(decided(&session(3, confirmed), presented, 0), Decision::Theft);
                assert_eq!(decided(&session(3, confirmed), presented, 86400), Decision::Theft);
            }
        }
    }

    #[test]
    fn an_ended_session_tells_why_whatever_is_presented() {
        let mut row = session(3, true);
        row.revoked = Some((ROTATED, SignOutReason::EndedByAdmin));
        for presented in [0, 2, 3, 4] {
            assert_eq!(decided(&row, presented, 1), Decision::Ended(SignOutReason::EndedByAdmin));
        }
    }

    #[test]
    fn a_session_expires_at_the_millisecond_by_either_limit() {
        let mut row = session(3, true);
        let last = row.idle_expires_at - Duration::from_millis(1);
        assert_eq!(decide(&row, 3, last, &CONFIG), Decision::Rotate);
        assert_eq!(decide(&row, 3, row.idle_expires_at, &CONFIG), Decision::Ended(SignOutReason::Expired));
        row.absolute_expires_at = after(100);
        assert_eq!(decided(&row, 3, 99), Decision::Rotate);
        assert_eq!(decided(&row, 3, 100), Decision::Ended(SignOutReason::Expired));
        // An expired session is not a stolen one.
        assert_eq!(decided(&row, 0, 100), Decision::Ended(SignOutReason::Expired));
    }

    #[test]
    fn a_clock_that_was_set_back_accuses_nobody() {
        let row = session(3, true);
        let before = ROTATED - Duration::from_secs(120);
        assert_eq!(decide(&row, 3, before, &CONFIG), Decision::Keep);
        assert_eq!(decide(&row, 2, before, &CONFIG), Decision::Reissue(Reissue::Concurrent));
    }

    #[test]
    fn without_a_grace_generations_alone_decide() {
        let strict = SessionConfig { rotate_after: Duration::ZERO, reuse_grace: Duration::ZERO, ..CONFIG };
        assert_eq!(decide(&session(3, true), 3, ROTATED, &strict), Decision::Rotate);
        assert_eq!(decide(&session(3, true), 2, ROTATED, &strict), Decision::Theft);
        assert_eq!(decide(&session(3, false), 2, ROTATED, &strict), Decision::Reissue(Reissue::ResponseLost));
    }
}
