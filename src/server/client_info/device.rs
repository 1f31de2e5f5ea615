//! What a browser is called.

use woothee::{parser::Parser, woothee::VALUE_UNKNOWN};

/// "Firefox on Linux", from a `User-Agent` header.
pub fn device_name(user_agent: &str) -> String {
    let known = |name: &str| (!name.is_empty() && name != VALUE_UNKNOWN).then(|| name.to_owned());
    let parsed = Parser::new().parse(user_agent);
    let (name, os) =
        parsed.map_or((None, None), |found| (known(found.name), known(found.os).map(system_name)));
    match (name, os) {
        (Some(name), Some(os)) => format!("{name} on {os}"),
        (Some(name), None) => name,
        (None, Some(os)) => format!("Unknown browser on {os}"),
        (None, None) if user_agent.starts_with("latchkey") => "Latchkey".to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

/// A system as people call it. Browsers say that every newer Windows is version 10.
fn system_name(os: String) -> String {
    match os.as_str() {
        "Mac OSX" => "macOS".to_owned(),
        windows if windows.starts_with("Windows ") && !windows.contains("Phone") => "Windows".to_owned(),
        _ => os,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_becomes_a_device_name() {
        for (user_agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                "Safari on macOS",
            ),
            ("curl/8.5.0", "HTTP Library"),
            ("latchkey command", "Latchkey"),
            ("", "Unknown device"),
            ("<script>alert(1)</script>", "Unknown device"),
        ] {
            assert_eq!(device_name(user_agent), name, "{user_agent}");
        }
    }
}
