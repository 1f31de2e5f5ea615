//! What the owner of an account may not expect of a sign-in: the first on a device or in a network.

use crate::{
    model::id::UserId,
    server::{
        client_info::{ClientInfo, device::device_name, network::Network},
        error::Error,
        store::{
            Queryable,
            audit::{self, Origin},
        },
    },
};

/// Sign-ins that are looked at, the newest: what was longer ago counts as never.
const HISTORY: i64 = 200;

/// What no sign-in before had in common with this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unusual {
    pub device: bool,
    pub network: bool,
}

/// Compares a sign-in that is about to be recorded with those before. The very first is no surprise.
pub async fn compare(db: &mut impl Queryable, user: &UserId, client: &ClientInfo) -> Result<Unusual, Error> {
    let before = audit::sign_in_origins(db, user, HISTORY).await?;
    Ok(differences(&before, client))
}

fn differences(before: &[Origin], client: &ClientInfo) -> Unusual {
    if before.is_empty() {
        return Unusual::default();
    }
    let (device, network) = (device_name(&client.user_agent), client.network());
    let network_of = |ip: &str| ip.parse().ok().map(Network::of);
    Unusual {
        device: before.iter().all(|origin| device_name(&origin.user_agent) != device),
        network: before.iter().all(|origin| network_of(&origin.ip) != network),
    }
}
