//! The content security policy of pages (CSP level 3).

/// What a page may load, and where its forms may lead.
#[derive(Clone, Debug, Default)]
pub struct ContentSecurityPolicy {
    /// Origins beside our own to which a form on this page may redirect: `form-action` also applies to the redirect
    /// that answers a form.
    pub form_targets: Vec<String>,
    /// `cargo leptos watch` reloads pages over a socket of its own.
    pub live_reload: bool,
}

impl ContentSecurityPolicy {
    /// The header. Scripts with this page's nonce run, and what they load; WebAssembly. An address of ours is no reason
    /// to run what it answers.
    pub fn header(&self, nonce: &str) -> String {
        let reload = if self.live_reload { " ws://localhost:3001 ws://127.0.0.1:3001" } else { "" };
        let mut form_action = vec!["'self'"];
        form_action.extend(self.form_targets.iter().map(String::as_str));
        let form_action = form_action.join(" ");
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
             img-src 'self'; connect-src 'self'{reload}; manifest-src 'self'; form-action {form_action}; base-uri 'none'; \
             frame-ancestors 'none'; object-src 'none'"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lead_to_this_origin_unless_a_response_names_another() {
        let policy = ContentSecurityPolicy::default();
        assert!(policy.header("n").contains("form-action 'self';"));
        assert!(policy.header("n").contains("connect-src 'self';"));
        let form_targets = vec!["https://app.example.org".to_owned()];
        let policy = ContentSecurityPolicy { form_targets, ..policy };
        assert!(policy.header("n").contains("form-action 'self' https://app.example.org;"));
    }
}
