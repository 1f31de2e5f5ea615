//! What the page asks on which a device is connected.

use serde::{Deserialize, Serialize};

/// The page as the person sees it. What is decided is read from the stored request of the device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicePage {
    pub step: DeviceStep,
    /// As it was typed, or stands in the address.
    pub user_code: String,
    /// The program on the device, once the code is known.
    pub client: String,
    pub developer: Option<String>,
    /// What it asks for, in words.
    pub wishes: Vec<String>,
    /// Who is signed in, and connects it.
    pub email: String,
    /// Why the last attempt was refused.
    pub problem: Option<String>,
    /// Seconds until the next attempt, after too many.
    pub retry_after: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceStep {
    /// The code is typed.
    #[default]
    Enter,
    /// Whether the device gets what it asks for.
    Allow,
    Allowed,
    Cancelled,
}

impl DevicePage {
    /// Asks for the code. One that stands in the address is filled in.
    pub fn enter(user_code: &str) -> Self {
        Self { user_code: user_code.chars().take(20).collect(), ..Self::default() }
    }
}
