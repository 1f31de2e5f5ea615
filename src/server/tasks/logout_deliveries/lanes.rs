//! Places for deliveries that are under way. Apps that are slow to answer have a lane of their own, so that they keep no
//! other app from hearing, however many they are.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use crate::model::oauth::client_id::ClientId;

/// An app that has not answered within this is slow.
const PROMPT: Duration = Duration::from_millis(250);
/// Calls in the lane of those that answer promptly, or were not called yet.
const PROMPT_PLACES: usize = 64;
/// Calls in the lane of the slow ones.
const SLOW_PLACES: usize = 32;
/// Calls to one app that has answered promptly. Every other has one at a time.
const PLACES_OF_ONE: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Prompt,
    Slow,
}

#[derive(Debug)]
struct Call {
    client: ClientId,
    lane: Lane,
    /// Whether it has taken longer than [`PROMPT`].
    late: bool,
}

#[derive(Debug, Default)]
struct State {
    calls: HashMap<u64, Call>,
    /// Of the next call.
    number: u64,
    /// Whether each app was prompt or slow when it was called last.
    paces: HashMap<ClientId, Lane>,
    /// The app that was called last: the ones after it are next.
    last: Option<ClientId>,
}

impl State {
    fn lane(&self, client: &ClientId) -> Lane {
        self.paces.get(client).copied().unwrap_or(Lane::Prompt)
    }

    fn room_in(&self, lane: Lane) -> usize {
        let places = match lane {
            Lane::Prompt => PROMPT_PLACES,
            Lane::Slow => SLOW_PLACES,
        };
        places.saturating_sub(self.calls.values().filter(|call| call.lane == lane).count())
    }

    /// How many more calls of one app may be under way, whatever the others do.
    fn room_of(&self, client: &ClientId) -> usize {
        let most = if self.paces.get(client) == Some(&Lane::Prompt) { PLACES_OF_ONE } else { 1 };
        most.saturating_sub(self.calls.values().filter(|call| call.client == *client).count())
    }
}

/// The calls under way, in both lanes.
#[derive(Debug, Default)]
pub struct Lanes {
    state: Mutex<State>,
    freed: Notify,
}

impl Lanes {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of these apps those that have a place now, with how many. They take turns.
    pub fn plan(&self, mut due: Vec<ClientId>) -> Vec<(ClientId, usize)> {
        let state = self.state();
        due.sort();
        if let Some(last) = &state.last {
            let next = due.partition_point(|client| client <= last);
            due.rotate_left(next);
        }
        let (mut prompt, mut slow) = (state.room_in(Lane::Prompt), state.room_in(Lane::Slow));
        let mut planned = Vec::new();
        for client in due {
            let left = match state.lane(&client) {
                Lane::Prompt => &mut prompt,
                Lane::Slow => &mut slow,
            };
            let places = state.room_of(&client).min(*left);
            if places > 0 {
                *left -= places;
                planned.push((client, places));
            }
        }
        planned
    }

    /// Takes a place for a call that begins now.
    pub fn begin(self: &Arc<Self>, client: &ClientId) -> Place {
        let mut state = self.state();
        let number = state.number;
        state.number += 1;
        let lane = state.lane(client);
        state.calls.insert(number, Call { client: client.clone(), lane, late: false });
        state.last = Some(client.clone());
        Place { lanes: self.clone(), number }
    }

    /// Waits until a place has become free.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }
}

/// The place of one call. It is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    lanes: Arc<Lanes>,
    number: u64,
}

impl Place {
    /// Moves the call over to the slow ones once it is late. Ends if there is no room: then the call must end, too.
    pub async fn no_room_left(&self) {
        tokio::time::sleep(PROMPT).await;
        if self.becomes_slow() {
            self.lanes.freed.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn becomes_slow(&self) -> bool {
        let mut state = self.lanes.state();
        let has_room = state.room_in(Lane::Slow) > 0;
        let Some(call) = state.calls.get_mut(&self.number) else { return false };
        call.late = true;
        let stays = call.lane == Lane::Slow || has_room;
        if stays {
            call.lane = Lane::Slow;
        }
        let client = call.client.clone();
        state.paces.insert(client, Lane::Slow);
        stays
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.lanes.state();
        if let Some(Call { client, late: false, .. }) = state.calls.remove(&self.number) {
            state.paces.insert(client, Lane::Prompt);
        }
        drop(state);
        self.lanes.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: usize) -> ClientId {
        ClientId::parse(&format!("lkc_{number:022}")).unwrap()
    }

    fn planned(lanes: &Lanes, clients: impl IntoIterator<Item = usize>) -> Vec<(ClientId, usize)> {
        lanes.plan(clients.into_iter().map(client).collect())
    }

    #[test]
    fn an_app_has_one_place_until_it_has_answered_promptly_and_then_four() {
        let lanes = Arc::new(Lanes::default());
        assert_eq!(planned(&lanes, [1]), [(client(1), 1)]);
        let first = lanes.begin(&client(1));
        assert_eq!(planned(&lanes, [1]), []);
        drop(first);
        assert_eq!(planned(&lanes, [1]), [(client(1), 4)]);
        let second = lanes.begin(&client(1));
        assert!(second.becomes_slow());
        drop(second);
        assert_eq!(planned(&lanes, [1]), [(client(1), 1)]);
    }

    #[test]
    fn slow_apps_take_no_place_of_the_prompt_ones_and_are_called_in_turn() {
        let lanes = Arc::new(Lanes::default());
        let mut late: Vec<_> = (0..SLOW_PLACES).map(|number| lanes.begin(&client(number))).collect();
        assert!(late.iter().all(Place::becomes_slow));
        // One more has no room among the slow ones, and does not stay among the prompt ones.
        let one_more = lanes.begin(&client(SLOW_PLACES));
        assert!(!one_more.becomes_slow());
        drop(one_more);
        let all = || 0..SLOW_PLACES + 1 + PROMPT_PLACES;
        let next: Vec<_> =
            (SLOW_PLACES + 1..SLOW_PLACES + 1 + PROMPT_PLACES).map(|number| (client(number), 1)).collect();
        assert_eq!(planned(&lanes, all()), next, "those that were not called yet, and none of the slow ones");
        late.remove(0);
        let slow = planned(&lanes, 0..=SLOW_PLACES);
        assert_eq!(slow, [(client(0), 1)], "after the last of all it is the first one's turn");
    }
}
