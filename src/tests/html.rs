//! Reads what a page shows from its HTML, as a browser without JavaScript does.

use std::collections::BTreeMap;

use super::test_app::Browser;

/// Elements without content.
const VOID: [&str; 5] = ["br", "hr", "input", "link", "meta"];
/// Elements whose content is not HTML and is not shown.
const RAW: [&str; 2] = ["script", "style"];

/// Elements that do not part words.
const INLINE: [&str; 9] = ["a", "bdi", "code", "em", "noscript", "span", "strong", "time", "title"];

#[derive(Clone, Debug)]
enum Token {
    Start { name: String, attributes: BTreeMap<String, String> },
    End(String),
    Text(String),
}

/// A page, or the content of an element.
#[derive(Clone, Debug)]
pub struct Html(Vec<Token>);

impl Html {
    pub fn parse(mut rest: &str) -> Self {
        let mut tokens = Vec::new();
        while let Some((text, tag)) = rest.split_once('<') {
            tokens.push(Token::Text(unescape(text)));
            if let Some(comment) = tag.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            let (inside, after) = end_of_tag(tag);
            rest = after;
            if let Some(name) = inside.strip_prefix('/') {
                tokens.push(Token::End(name.trim().to_lowercase()));
            } else if inside.starts_with(|first: char| first.is_ascii_alphabetic()) {
                let (name, attributes) = start_tag(inside);
                if RAW.contains(&name.as_str()) {
                    rest = rest.split_once(&format!("</{name}>")).map_or("", |(_, rest)| rest);
                } else {
                    tokens.push(Token::Start { name, attributes });
                }
            }
        }
        tokens.push(Token::Text(unescape(rest)));
        Self(tokens)
    }

    /// The content of each element that `wanted` picks by its name and attributes.
    pub fn find(&self, wanted: impl Fn(&str, &BTreeMap<String, String>) -> bool) -> Vec<Self> {
        let starts = self.0.iter().enumerate().filter_map(|(at, token)| match token {
            Token::Start { name, attributes } if wanted(name, attributes) => Some(self.content(at + 1, name)),
            _ => None,
        });
        starts.collect()
    }

    fn content(&self, from: usize, name: &str) -> Self {
        let mut depth = usize::from(!VOID.contains(&name));
        let inside = self.0[from..].iter().take_while(|token| {
            match token {
                Token::Start { name: other, .. } if other == name => depth += 1,
                Token::End(other) if other == name => depth -= 1,
                _ => {}
            }
            depth > 0
        });
        Self(inside.cloned().collect())
    }

    /// The content of each element of this name.
    pub fn all(&self, element: &str) -> Vec<Self> {
        self.find(|name, _| name == element)
    }

    /// The text of each element of this name.
    pub fn texts(&self, element: &str) -> Vec<String> {
        self.all(element).iter().map(Self::text).collect()
    }

    /// The content of the one element that has this attribute with this value.
    #[track_caller]
    pub fn with(&self, attribute: &str, value: &str) -> Self {
        let found = self.find(|_, attributes| attributes.get(attribute).is_some_and(|given| given == value));
        assert_eq!(found.len(), 1, "{attribute}={value} in {self:?}");
        found[0].clone()
    }

    /// What is shown, with single spaces.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for token in &self.0 {
            match token {
                Token::Text(part) => text.push_str(part),
                // Two blocks are two words.
                Token::Start { name, .. } | Token::End(name) if !INLINE.contains(&name.as_str()) => {
                    text.push(' ');
                }
                Token::Start { .. } | Token::End(_) => {}
            }
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn title(&self) -> String {
        self.texts("title").concat()
    }

    pub fn heading(&self) -> String {
        self.texts("h1").join(" | ")
    }

    /// The part of the page that is not the same on all pages.
    #[track_caller]
    pub fn main(&self) -> Self {
        self.with("id", "main")
    }

    /// What stands in alerts and is not empty.
    pub fn alerts(&self) -> Vec<String> {
        let alerts = self.find(|_, attributes| attributes.get("role").is_some_and(|role| role == "alert"));
        alerts.iter().map(Self::text).filter(|text| !text.is_empty()).collect()
    }

    /// Where the links lead.
    pub fn links(&self) -> Vec<String> {
        self.attributes("a").iter().filter_map(|attributes| attributes.get("href").cloned()).collect()
    }

    /// The attributes of each element of this name.
    pub fn attributes(&self, element: &str) -> Vec<BTreeMap<String, String>> {
        let attributes = self.0.iter().filter_map(|token| match token {
            Token::Start { name, attributes } if name == element => Some(attributes.clone()),
            _ => None,
        });
        attributes.collect()
    }

    /// The attributes of the first field of this name.
    #[track_caller]
    pub fn field(&self, field: &str) -> BTreeMap<String, String> {
        let mut inputs = self.attributes("input").into_iter();
        let found = inputs.find(|attributes| attributes.get("name").is_some_and(|name| name == field));
        found.unwrap_or_else(|| panic!("no field {field} in {self:?}"))
    }

    /// What a field holds when the page is shown.
    #[track_caller]
    pub fn value(&self, field: &str) -> String {
        self.field(field).get("value").cloned().unwrap_or_default()
    }

    /// The value of the option that is chosen in the only select.
    pub fn selected(&self) -> Option<String> {
        let options = self.attributes("option").into_iter();
        options
            .filter(|option| option.contains_key("selected"))
            .find_map(|option| option.get("value").cloned())
    }
}

/// Loads a page that must be shown.
pub async fn open(browser: &mut Browser, path: &str) -> Html {
    let page = if path.contains("?token=") { browser.open_link(path).await } else { browser.get(path).await };
    page.assert_status(200);
    Html::parse(&page.body)
}

/// Splits behind the `>` that ends a tag. One in the value of an attribute ends nothing.
fn end_of_tag(tag: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return (&tag[..at], &tag[at + 1..]),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    (tag, "")
}

fn start_tag(inside: &str) -> (String, BTreeMap<String, String>) {
    let inside = inside.trim_end_matches('/');
    let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return (name.to_lowercase(), attributes);
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            None => ("", after),
            Some(value) if value.starts_with('"') => value[1..].split_once('"').unwrap_or((&value[1..], "")),
            Some(value) => value.split_once(char::is_whitespace).unwrap_or((value, "")),
        };
        attributes.insert(attribute.to_lowercase(), unescape(value));
        rest = after;
    }
}

fn unescape(text: &str) -> String {
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[test]
fn html_is_read_as_a_browser_reads_it() {
    let page = Html::parse(
        "<title>A &amp; B</title><main id=\"main\"><!--<() />--><h1>Hello, <!>Ada<!></h1>\
         <script nonce=\"x\">'<p>no</p>'</script><p title=\"a > b\">One</p><p>two <b>three</b></p>\
         <p role=\"alert\">&lt;b&gt;</p><input name=\"email\" value=\"a&quot;b\" required><a href=\"/x?a=1&amp;b=2\">x</a>\
         <div><div>in</div>out</div></main>",
    );
    assert_eq!(page.title(), "A & B");
    assert_eq!(page.main().heading(), "Hello, Ada");
    assert_eq!(page.texts("p"), ["One", "two three", "<b>"]);
    assert_eq!(page.alerts(), ["<b>"]);
    assert_eq!(page.value("email"), "a\"b");
    assert_eq!(page.links(), ["/x?a=1&b=2"]);
    assert_eq!(page.texts("div"), ["in out", "in"]);
    assert!(page.field("email").contains_key("required"));
}
