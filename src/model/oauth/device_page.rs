//! What the page asks on which a device is connected.

use serde::{Deserialize, Serialize};

/// The page as the person sees it. What is decided is read from the stored request of the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicePage {
    pub step: DeviceStep,
    /// As it was typed, or stands in the address.
    pub user_code: String,
    /// The program on the device, once the code is known.
    pub client: String,
    pub developer: Option<String>,
    /// What it asks for, in words.
    pub wishes: Vec<String>,
    /// Who is signed in.
    pub email: String,
    /// Why the last attempt was refused.
    pub problem: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceStep {
    /// The code is typed.
    Enter,
    /// Whether the device gets what it asks for.
    Allow,
    Allowed,
    Cancelled,
}
