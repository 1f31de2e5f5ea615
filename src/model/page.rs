//! One page of a list.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// What leads to the next page; nothing on the last.
    pub next_cursor: Option<String>,
}
