//! How often things happened on the last days.

use crate::{
    model::overview::{DailyCounts, Statistics},
    server::{
        clock::Timestamp,
        error::Error,
        state::AppState,
        store::audit::{self, EventKind},
    },
};

const DAY: i64 = 86_400_000;
/// Days that are counted, with today.
const DAYS: i64 = 7;

/// The last days, the oldest first: each is there, also if nothing happened.
pub async fn last_days(state: &AppState, now: Timestamp) -> Result<Statistics, Error> {
    let today = now.millis().div_euclid(DAY);
    let first = today - DAYS + 1;
    let mut reader = state.store.read().await?;
    let counts = audit::daily_counts(&mut reader, Timestamp::from_millis(first * DAY)).await?;
    let count = |day: i64, kind: EventKind| {
        let found = counts.iter().find(|count| count.day == day && count.event == kind.as_str());
        found.and_then(|count| u64::try_from(count.count).ok()).unwrap_or_default()
    };
    let of_day = |day| DailyCounts {
        day: Timestamp::from_millis(day * DAY).to_utc(),
        new_accounts: count(day, EventKind::AccountCreated),
        failed_sign_ins: count(day, EventKind::SignInFailed),
        reuse: count(day, EventKind::RefreshTokenReused),
    };
    Ok(Statistics { days: (first..=today).map(of_day).collect() })
}
