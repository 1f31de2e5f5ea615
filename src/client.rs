//! The browser's transport: it sends requests, keeps the access token in WASM memory and renews it.
//!
//! It knows nothing of what is shown. The app subscribes to its [`events`]. What it decides, it decides in [`tab`].

pub mod authorized;
pub mod events;
pub mod http;
pub mod local_time;
mod lock;
pub mod message;
mod moving;
pub mod passkeys;
mod pause;
mod refresh;
pub mod renewal;
pub mod session_move;
pub mod step_up;
pub mod tab;
mod tabs;
pub mod this_tab;
pub mod timer;
mod token;
