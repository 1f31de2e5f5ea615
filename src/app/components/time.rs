//! Moments, for people.

use leptos::prelude::*;

use super::reactive::reactive;
use crate::{
    app::clock::Clock,
    client::local_time::{day, exact, millis},
    model::utc_time::{UtcTime, distance},
};

/// A moment: as the server renders it, in UTC; after hydration how far away it is, or its day, and exactly in the
/// reader's time zone for whoever points at it or listens.
#[component]
pub fn Time(at: UtcTime) -> impl IntoView {
    let (clock, utc) = (Clock::current(), at.to_minute());
    let machine = at.to_string();
    let shown = move || match clock.now() {
        None => utc.clone().into_any(),
        Some(now) => {
            let exact = exact(at.as_str());
            let near = distance(millis(at.as_str()) - now).unwrap_or_else(|| day(at.as_str()));
            view! { <span title=exact.clone()>{near}</span><span class="unseen">", "{exact}</span> }
                .into_any()
        }
    };
    view! { <time datetime=machine>{reactive(shown)}</time> }
}
