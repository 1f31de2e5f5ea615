//! Small charts, drawn on the server.

use std::fmt::Write;

use leptos::prelude::*;

const HEIGHT: u64 = 30;

/// Bars, one a day, with their sum above. Whoever listens hears the numbers.
#[component]
pub fn DailyChart(
    label: &'static str,
    /// Where to read more.
    href: &'static str,
    counts: Vec<u64>,
    /// What it is beside its kind: `alarming`, where any is too many.
    #[prop(default = "chart")]
    class: &'static str,
) -> impl IntoView {
    let sum: u64 = counts.iter().sum();
    let numbers: Vec<_> = counts.iter().map(u64::to_string).collect();
    let spoken = format!("By day, up to today: {}", numbers.join(", "));
    view! {
        <div class="tile">
            <p class="hint"><a href=href>{label}</a></p>
            <p class="big">{sum.to_string()}</p>
            <span class=class role="img" aria-label=spoken inner_html=drawing(&counts)></span>
        </div>
    }
}

/// The bars as text, as with icons. There is nothing in it but numbers.
fn drawing(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let mut drawing = "<svg viewBox=\"0 0 68 30\" preserveAspectRatio=\"none\">".to_owned();
    for (at, count) in counts.iter().enumerate() {
        // What happened at all can be seen.
        let height = (count.saturating_mul(HEIGHT) / most).max(2);
        let class = if *count == 0 { "none" } else { "some" };
        // A string takes everything.
        let _ = write!(
            drawing,
            "<path class=\"{class}\" d=\"M{} {}h8v{height}h-8z\"/>",
            at * 10,
            HEIGHT - height
        );
    }
    drawing + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_is_as_high_as_the_chart_and_what_happened_once_can_be_seen() {
        let drawing = drawing(&[0, 1, 600]);
        for bar in
            ["\"none\" d=\"M0 28h8v2h-8z\"", "\"some\" d=\"M10 28h8v2h-8z\"", "\"some\" d=\"M20 0h8v30h-8z\""]
        {
            assert!(drawing.contains(bar), "{drawing}");
        }
    }
}
