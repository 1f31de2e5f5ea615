//! Our own icons, drawn with one line on a grid of 24.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Automatic,
    Sun,
    Moon,
    Computer,
    Phone,
    Terminal,
    Key,
    Shield,
    Warning,
}

macro_rules! drawing {
    ($path:literal) => {
        concat!("<svg viewBox=\"0 0 24 24\"><path d=\"", $path, "\"/></svg>")
    };
}

impl Icon {
    /// A drawing as text: elements of their own kind would each be code in the client bundle.
    const fn drawing(self) -> &'static str {
        match self {
            Self::Automatic => drawing!("M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18"),
            Self::Sun => drawing!(
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M5 19l1.4-1.4M17.6 6.4 19 5"
            ),
            Self::Moon => drawing!("M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"),
            Self::Computer => drawing!("M3 5h18v11H3zM8 20h8m-4-4v4"),
            Self::Phone => drawing!("M7 3h10v18H7zM11 18h2"),
            Self::Terminal => drawing!("M3 5h18v14H3zM7 10l3 2.5L7 15m6 0h4"),
            Self::Key => drawing!("M8 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM11.2 11.2 20 20m-3-3 2.5-2.5"),
            Self::Shield => drawing!("M12 3 5 6v5c0 4.5 3 8 7 10 4-2 7-5.5 7-10V6zM9 12l2 2 4-4"),
            Self::Warning => drawing!("M12 4 2.5 20h19zM12 10v4.5m0 2.5v.1"),
        }
    }
}

/// What a device looks like, by its name.
pub fn device_icon(name: &str) -> Icon {
    let is_any = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if is_any(&["iPhone", "iPad", "Android", "Mobile", "Phone"]) {
        Icon::Phone
    } else if is_any(&["HTTP Library", "Latchkey", "Unknown device"]) {
        Icon::Terminal
    } else {
        Icon::Computer
    }
}

/// An icon. It says nothing by itself: there is text beside it.
#[component]
pub fn Sign(icon: Icon) -> impl IntoView {
    view! { <span class="icon" aria-hidden="true" inner_html=icon.drawing()></span> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_the_icon_of_its_kind() {
        for (name, icon) in [
            ("Firefox on Linux", Icon::Computer),
            ("Safari on iPhone", Icon::Phone),
            ("Chrome on Android", Icon::Phone),
            ("HTTP Library", Icon::Terminal),
            ("Unknown device", Icon::Terminal),
        ] {
            assert_eq!(device_icon(name), icon, "{name}");
        }
    }
}
