//! The promises of the parsers that face the network, tried with what somebody might send. `make fuzz` tries more.

use std::{fs, path::Path};

use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_oneof},
    sample::select,
    test_runner::{Config, TestRunner},
};

use crate::properties;

/// Tries a property with texts made of these pieces, of any characters, and of any bytes; and with the corpus of its
/// fuzz target.
fn check(target: &str, property: fn(&[u8]), pieces: &'static [&'static str]) {
    let piece = prop_oneof![
        4 => select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        2 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    let config = Config { cases: 2000, failure_persistence: None, ..Config::default() };
    let inputs = vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    TestRunner::new(config)
        .run(&inputs, |input| {
            property(&input);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/fuzz/corpus").join(target);
    let mut seeds = 0;
    for seed in fs::read_dir(corpus).unwrap() {
        property(&fs::read(seed.unwrap().path()).unwrap());
        seeds += 1;
    }
    assert!(seeds > 0, "{target} has no corpus");
}

#[test]
fn every_local_path_stays_on_this_site() {
    let pieces =
        &["/", "//", "\\", "?", "#", "evil.example", "https:", "..", "%2f", "/api", "\t", "@", ";", "&a=b"];
    check("local_path", properties::local_path, pieces);
}

#[test]
fn every_email_address_has_one_canonical_form() {
    let pieces = &[
        "ada",
        "ADA",
        "@",
        ".",
        "example.org",
        "\u{308}",
        "\u{130}",
        "\u{1e9e}",
        " ",
        "xn--",
        "\u{3c2}",
        "-",
    ];
    check("email", properties::email, pieces);
}

#[test]
fn every_display_name_is_itself_when_parsed_again() {
    let pieces = &["Ada", " ", "\u{308}", "\u{202e}", "\u{200d}", "\0", "\u{1f469}", "a"];
    check("display_name", properties::display_name, pieces);
}

#[test]
fn no_text_but_the_programs_own_is_a_refresh_token() {
    let pieces = &[
        "lk1",
        ".",
        "019b0000-0000-7000-8000-00000000abcd",
        "7",
        "07",
        "+7",
        "=",
        "A",
        "-",
        "18446744073709551616",
    ];
    check("refresh_token", properties::refresh_token, pieces);
}

#[test]
fn no_text_but_the_programs_own_is_a_device_cookie() {
    check("device_cookie", properties::device_cookie, &[".", "A", "=", "ada@example.org", " "]);
}

#[test]
fn no_text_but_the_programs_own_is_a_cursor() {
    check("cursor", properties::cursor, &["A", "AAAAAAAAAAAAAAAAAAAAAA", "=", "eada@example.org", "5:"]);
}

#[test]
fn no_text_but_the_signed_one_is_an_access_token() {
    let pieces = &[
        "{",
        "}",
        "\"alg\":",
        "\"none\"",
        "\"EdDSA\"",
        "\"typ\":",
        "\"at+jwt\"",
        "\"kid\":",
        "\"crit\":[]",
        ",",
        ".",
        "eyJhbGciOiJub25lIn0",
    ];
    check("access_token", properties::access_token, pieces);
}

#[test]
fn no_text_but_the_signed_one_is_an_access_token_of_a_client() {
    let pieces = &[
        ".",
        "A",
        "=",
        r#"{"alg":"ES256","typ":"at+jwt"}"#,
        r#"{"alg":"none","typ":"at+jwt"}"#,
        "eyJhbGciOiJub25lIn0",
        "null",
        "[",
    ];
    check("client_access_token", properties::client_access_token, pieces);
}

#[test]
fn parameters_of_clients_are_read_as_the_url_standard_says() {
    let pieces = &["&", "=", "+", "%", "%00", "%FF", "resource=", "state", "scope=openid", "%73tate", "=&"];
    check("oauth_parameters", properties::oauth_parameters, pieces);
}

#[test]
fn every_form_is_read_as_the_url_standard_says() {
    let pieces =
        &["email", "password", "next", "=", "&", "+", "%41", "%", "%zz", "%00", "%ff", "ada%40example.org"];
    check("form", properties::form, pieces);
}

#[test]
fn settings_are_read_or_refused_without_repeating_them() {
    let pieces = &[
        "LATCHKEY_SECRET",
        "secret",
        "=",
        "\"",
        "'",
        "\n",
        "[sessions]",
        "idle_ttl",
        "3f9ab1c25d7e80641122aabbccddeeff",
        " ",
        "#",
        "$",
        "{",
        "\\",
        "postgres://me:hunter2@db/x",
    ];
    check("settings", properties::settings, pieces);
}

#[test]
fn every_redirect_uri_is_a_plain_address_of_an_app() {
    let pieces = &[
        "https://",
        "http://",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "app.example.org",
        "org.example.app",
        ":",
        ":8080",
        "/cb",
        "?",
        "code=",
        "st%61te=",
        "&",
        "@",
        "\\",
        "*",
        "#",
        "..",
        ";",
        "%25",
        "javascript",
    ];
    check("redirect_uri", properties::redirect_uri, pieces);
}

#[test]
fn every_user_agent_has_a_short_name() {
    let pieces =
        &["Mozilla/5.0 ", "(X11; Linux x86_64)", " Firefox/128.0", "Chrome/", "Version/", "(", ";", "iPhone"];
    check("user_agent", properties::user_agent, pieces);
}

#[test]
fn what_an_authenticator_says_is_refused_or_holds_a_key() {
    let pieces =
        &["authData", "fmt", "none", "attStmt", "\u{80}", "\0\0\0\0", "\u{1}\u{2}\u{3}&", "example.org"];
    check("passkey", properties::passkey, pieces);
}

#[test]
fn no_text_but_what_a_provider_has_signed_is_a_token_of_it() {
    let pieces = &[
        ".",
        "{\"alg\":\"none\"}",
        "{\"alg\":\"ES256\",\"kid\":\"one\"}",
        "\"typ\":\"logout+jwt\"",
        "eyJhbGciOiJub25lIn0",
    ];
    check("foreign_token", properties::foreign_token, pieces);
}

#[test]
fn what_a_provider_says_of_itself_leads_to_where_everybody_can_go() {
    let pieces = &[
        "{\"authorization_endpoint\":\"https://",
        "\",\"token_endpoint\":\"https://",
        "\",\"jwks_uri\":\"https://",
        "\"}",
        "127.0.0.1",
        "[::ffff:10.0.0.1]",
        "localhost",
        "0x7f.1",
        "a@",
        "id.example.org",
        "\\\\",
        "/",
    ];
    check("discovery", properties::discovery, pieces);
}

#[test]
fn every_key_that_is_taken_for_encrypting_encrypts() {
    let pieces = &[
        "{\"kty\":\"EC\",",
        "\"crv\":\"P-256\",",
        "\"x\":\"",
        "\"y\":\"",
        "AAAA",
        "\",",
        "\"use\":\"enc\"",
        "}",
        "\"d\":1",
    ];
    check("encryption_key", properties::encryption_key, pieces);
    let pieces = &["{\"keys\":[", "]}", "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", ",", "1", "{}"];
    check("key_set", properties::key_set, pieces);
}

#[test]
fn every_rule_is_itself_when_it_is_read_again_and_gives_what_it_names() {
    let pieces = &[
        "groups",
        "=",
        "staff",
        ":role=",
        "editor",
        "admin",
        ":group=",
        "Staff",
        ":two_factors",
        "\n",
        "\0",
        "{\"groups\":[\"staff\"]}",
        ".",
    ];
    check("claim_rules", properties::claim_rules, pieces);
}

#[test]
fn every_code_is_six_digits_or_sixteen_characters() {
    let pieces = &["123", "4", " ", "-", "O", "l", "ABCD", "EFGH", "\u{661}", "0043"];
    check("one_time_code", properties::one_time_code, pieces);
}

#[test]
fn no_text_but_the_signed_one_is_a_paseto() {
    check("paseto", properties::paseto, &["v4.public.", "v4.local.", ".", "AAAA", "=", "+"]);
}

#[test]
fn every_token_of_a_link_is_a_plain_word() {
    let pieces = &["token=", "&", "%0d%0a", "abc", "-", "_", "=", ";", "+", "/reset?", "%"];
    check("link_token", properties::link_token, pieces);
}

#[test]
fn every_file_of_accounts_is_read_to_its_end() {
    let pieces = &[
        "{\"email\":\"",
        "ada@example.org",
        "\"}",
        "\n",
        "\r\n",
        "email,name\n",
        ",",
        "\"",
        "\u{feff}",
        "{}",
    ];
    check("import_lines", properties::import_lines, pieces);
}
