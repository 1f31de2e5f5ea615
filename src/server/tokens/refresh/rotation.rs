//! What presenting a refresh token means: never sign an honest person out, always catch a thief.

use std::time::Duration;

use crate::{
    model::{methods::Methods, session::SignOutReason},
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
    Reuse,
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

/// What of a family of refresh tokens decides: of a session, or of what a person has granted to a client.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The newest.
    pub generation: u64,
    pub confirmed: bool,
    pub rotated_at: Timestamp,
    /// When the one before was made, if the newest was made at another time than use makes one.
    pub replaced_at: Option<Timestamp>,
    pub expires_at: Timestamp,
}

/// What presenting a generation of a session's refresh token means.
pub fn decide(row: &SessionRecord, presented: u64, now: Timestamp, config: &SessionConfig) -> Decision {
    if let Some((_, reason)) = row.revoked {
        return Decision::Ended(reason);
    }
    let family = Family {
        generation: row.generation,
        confirmed: row.confirmed,
        rotated_at: row.rotated_at,
        replaced_at: row.replaced_at,
        expires_at: row.idle_expires_at.min(row.absolute_expires_at),
    };
    decide_generation(&family, presented, now, config)
}

/// Decides by generations, never by comparing times of use: two requests in one millisecond are told apart, and a
/// clock that jumps accuses nobody.
pub fn decide_generation(row: &Family, presented: u64, now: Timestamp, config: &SessionConfig) -> Decision {
    if now >= row.expires_at {
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
        // A password that was entered moves the token on at any time, so two rotations may stand close together.
        2 if row.replaced_at.is_some_and(|at| within(now - at, config.reuse_grace)) => {
            Decision::Reissue(Reissue::Concurrent)
        }
        _ => Decision::Reuse,
    }
}

/// Decides, and carries the session over to what follows. The caller stores it, or revokes it.
pub fn present(row: &mut SessionRecord, presented: u64, now: Timestamp, config: &SessionConfig) -> Decision {
    let decision = decide(row, presented, now, config);
    match decision {
        Decision::Keep => row.confirmed = true,
        Decision::Rotate => row.rotate(now, None),
        Decision::Reissue(_) => {
            row.take_back_step_up();
            // As far as is known, its browser only gets it now; another tab may have sent the one before a moment ago.
            if !row.confirmed {
                row.rotated_at = now;
            }
        }
        Decision::Ended(_) | Decision::Reuse | Decision::Unknown => return decision,
    }
    row.postpone_idle_expiry(now, config);
    decision
}

/// Somebody with an access token of this session has proved again who they are: with these methods, as of then. Their
/// browser presents this generation of the refresh token, or none.
///
/// The session moves on to a refresh token that is handed to nobody else, so a copy of the one before inherits nothing
/// ([`Decision::Rotate`]). Where it does not move, only the access token that is answered says that the password was
/// entered (`docs/decisions/0012-step-up-moves-the-refresh-token.md`).
pub fn step_up(
    row: &mut SessionRecord,
    presented: Option<u64>,
    proved: (Methods, Timestamp),
    now: Timestamp,
    config: &SessionConfig,
) -> Decision {
    let newest = row.generation;
    match decide(row, presented.unwrap_or(newest), now, config) {
        ended @ Decision::Ended(_) => ended,
        _ if presented.is_none() => Decision::Unknown,
        Decision::Keep | Decision::Rotate if row.stepped_up_within(now, config.reuse_grace) => {
            row.confirmed = true;
            row.postpone_idle_expiry(now, config);
            Decision::Keep
        }
        Decision::Keep | Decision::Rotate => {
            // After another proof, back to before both: a copy may be older than the first one.
            let before = row.authenticated_before.zip(row.methods_before);
            row.rotate(now, Some(before.unwrap_or((row.authenticated_at, row.methods))));
            (row.methods, row.authenticated_at) = proved;
            row.postpone_idle_expiry(now, config);
            Decision::Rotate
        }
        _ => present(row, presented.unwrap_or(newest), now, config),
    }
}

impl SessionRecord {
    /// Moves on to the next generation, which nobody has used yet. `before`: it is made because somebody has proved who
    /// they are, and this is when and how they had before.
    fn rotate(&mut self, now: Timestamp, before: Option<(Timestamp, Methods)>) {
        self.replaced_at = before.map(|_| self.rotated_at);
        (self.authenticated_before, self.methods_before) = before.unzip();
        self.generation += 1;
        self.confirmed = false;
        self.rotated_at = now;
    }

    /// The newest generation is handed to somebody who has not proved who they are.
    fn take_back_step_up(&mut self) {
        if let Some(before) = self.authenticated_before.take() {
            self.authenticated_at = before;
        }
        if let Some(before) = self.methods_before.take() {
            self.methods = before;
        }
    }

    fn stepped_up_within(&self, now: Timestamp, time: Duration) -> bool {
        self.replaced_at.is_some() && within(now - self.rotated_at, time)
    }

    /// Using a session postpones its idle end, and never its absolute one.
    fn postpone_idle_expiry(&mut self, now: Timestamp, config: &SessionConfig) {
        self.idle_expires_at = idle_expiry(now, self.absolute_expires_at, config);
    }
}

/// When a family ends that is used now and not again.
pub fn idle_expiry(now: Timestamp, absolute_expires_at: Timestamp, config: &SessionConfig) -> Timestamp {
    (now + config.idle_ttl).min(absolute_expires_at)
}

/// A grace of zero is none, even within the millisecond of the rotation.
fn within(age: Duration, grace: Duration) -> bool {
    age <= grace && !grace.is_zero()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        id::{SessionId, UserId},
        methods::Method,
    };

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

    fn proved(seconds: u64) -> (Methods, Timestamp) {
        (Methods::from(Method::Password).union(Method::Totp.into()), after(seconds))
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
            methods: Method::Password.into(),
            authenticated_before: None,
            methods_before: None,
            replaced_at: None,
            last_seen_at: ROTATED,
            idle_expires_at: ROTATED + CONFIG.idle_ttl,
            absolute_expires_at: ROTATED + CONFIG.absolute_ttl,
            revoked: None,
            followed_by: None,
            token_kid: String::new(),
            token_expires_at: ROTATED,
            name: None,
            user_agent: String::new(),
            ip: String::new(),
            new_device: false,
            new_network: false,
        }
    }

    fn decided(row: &SessionRecord, presented: u64, seconds: u64) -> Decision {
        decide(row, presented, after(seconds), &CONFIG)
    }

    #[test]
    fn an_unknown_generation_changes_nothing() {
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
    fn the_previous_generation_is_a_concurrent_tab_within_the_grace() {
        for confirmed in [false, true] {
            assert_eq!(decided(&session(3, confirmed), 2, 0), Decision::Reissue(Reissue::Concurrent));
            assert_eq!(decided(&session(3, confirmed), 2, 30), Decision::Reissue(Reissue::Concurrent));
        }
    }

    #[test]
    fn the_previous_generation_is_a_lost_response_while_the_newest_is_unconfirmed() {
        for seconds in [31, 3600, 86400, 6 * 86400] {
            assert_eq!(decided(&session(3, false), 2, seconds), Decision::Reissue(Reissue::ResponseLost));
        }
    }

    #[test]
    fn handing_the_newest_generation_out_again_begins_the_grace_anew_until_it_was_used() {
        for seconds in [29, 3600] {
            let mut row = session(3, false);
            present(&mut row, 2, after(seconds), &CONFIG);
            row.confirmed = true;
            // A copy of the one before keeps nothing open once the newest was used.
            assert_eq!(
                present(&mut row, 2, after(seconds + 30), &CONFIG),
                Decision::Reissue(Reissue::Concurrent)
            );
            assert_eq!(decided(&row, 2, seconds + 31), Decision::Reuse);
        }
    }

    #[test]
    fn the_previous_generation_is_reuse_once_the_newest_is_confirmed() {
        assert_eq!(decided(&session(3, true), 2, 31), Decision::Reuse);
    }

    #[test]
    fn any_older_generation_is_reuse_at_once() {
        for confirmed in [false, true] {
            for presented in [0, 1] {
                assert_eq!(decided(&session(3, confirmed), presented, 0), Decision::Reuse);
                assert_eq!(decided(&session(3, confirmed), presented, 86400), Decision::Reuse);
            }
        }
    }

    #[test]
    fn a_revoked_session_gives_its_reason_for_every_generation() {
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
    fn a_clock_set_back_is_not_taken_for_token_reuse() {
        let row = session(3, true);
        let before = ROTATED - Duration::from_secs(120);
        assert_eq!(decide(&row, 3, before, &CONFIG), Decision::Keep);
        assert_eq!(decide(&row, 2, before, &CONFIG), Decision::Reissue(Reissue::Concurrent));
    }

    #[test]
    fn entering_the_password_moves_the_token_on_and_a_copy_of_the_one_before_inherits_nothing() {
        let mut row = session(3, true);
        assert_eq!(step_up(&mut row, Some(3), proved(1000), after(1000), &CONFIG), Decision::Rotate);
        assert_eq!((row.generation, row.confirmed, row.authenticated_at), (4, false, after(1000)));
        // The browser has got it.
        let mut owner = row.clone();
        assert_eq!(present(&mut owner, 4, after(1001), &CONFIG), Decision::Keep);
        assert_eq!(owner.authenticated_at, after(1000));
        // Whoever presents the one before gets the newest without what came with it: another tab, a lost response, a
        // thief.
        for (at, reissue) in [(1010, Reissue::Concurrent), (1031, Reissue::ResponseLost)] {
            let mut other = row.clone();
            assert_eq!(present(&mut other, 3, after(at), &CONFIG), Decision::Reissue(reissue));
            assert_eq!((other.generation, other.authenticated_at), (4, ROTATED));
        }
        assert_eq!(present(&mut owner, 3, after(1031), &CONFIG), Decision::Reuse);
    }

    #[test]
    fn a_lost_refresh_response_and_an_entered_password_sign_nobody_out() {
        let mut row = session(3, false);
        assert_eq!(
            step_up(&mut row, Some(2), proved(1000), after(1000), &CONFIG),
            Decision::Reissue(Reissue::ResponseLost)
        );
        assert_eq!((row.generation, row.authenticated_at), (3, ROTATED), "only the access token says it");
        // Nor does a request that is late by two generations, of which the second was made by a password.
        assert_eq!(present(&mut row, 3, after(2000), &CONFIG), Decision::Rotate);
        assert_eq!(step_up(&mut row, Some(4), proved(2001), after(2001), &CONFIG), Decision::Rotate);
        assert_eq!(decided(&row, 3, 2030), Decision::Reissue(Reissue::Concurrent));
        assert_eq!(decided(&row, 3, 2031), Decision::Reuse);
    }

    #[test]
    fn a_password_that_is_entered_twice_moves_the_token_once() {
        let mut row = session(3, true);
        assert_eq!(step_up(&mut row, Some(3), proved(1000), after(1000), &CONFIG), Decision::Rotate);
        assert_eq!(step_up(&mut row, Some(4), proved(1010), after(1010), &CONFIG), Decision::Keep);
        assert_eq!((row.generation, row.authenticated_at), (4, after(1000)));
        assert_eq!(step_up(&mut row, None, proved(1010), after(1010), &CONFIG), Decision::Unknown);
        assert_eq!(step_up(&mut row, Some(2), proved(1031), after(1031), &CONFIG), Decision::Reuse);
    }

    #[test]
    fn without_a_grace_period_generations_alone_decide() {
        let strict = SessionConfig { rotate_after: Duration::ZERO, reuse_grace: Duration::ZERO, ..CONFIG };
        assert_eq!(decide(&session(3, true), 3, ROTATED, &strict), Decision::Rotate);
        assert_eq!(decide(&session(3, true), 2, ROTATED, &strict), Decision::Reuse);
        assert_eq!(decide(&session(3, false), 2, ROTATED, &strict), Decision::Reissue(Reissue::ResponseLost));
    }
}
