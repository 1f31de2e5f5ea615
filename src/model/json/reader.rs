//! Reads JSON with as little code as it takes. `serde_json` says in words what is wrong and where. Nobody sees these
//! words, and the browser would load all that they can quote, down to the printing of fractions.
//!
//! It reads all JSON as `serde_json` does. It is for what our own server writes: of other texts it may read some that
//! are not quite JSON.

use std::{fmt::Display, str::FromStr};

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error, Expected, MapAccess, SeqAccess, Unexpected,
        VariantAccess, Visitor,
    },
    forward_to_deserialize_any,
};

use super::NotJson;

/// Reads a text that is one value.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, NotJson> {
    let mut reader = Reader { rest: text };
    let value = T::deserialize(&mut reader)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(NotJson),
    }
}

/// None of them says more than that it is not what was expected.
impl Error for NotJson {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

/// What has not been read yet.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// The first byte that is not space.
    fn peek(&mut self) -> Option<u8> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let space = self.rest.as_bytes().iter().take_while(|byte| is_space(byte)).count();
        self.rest = self.rest.get(space..)?;
        self.rest.as_bytes().first().copied()
    }

    fn take(&mut self, token: &str) -> Result<(), NotJson> {
        self.peek();
        self.take_here(token)
    }

    /// Within a string space counts.
    fn take_here(&mut self, token: &str) -> Result<(), NotJson> {
        self.rest = self.rest.strip_prefix(token).ok_or(NotJson)?;
        Ok(())
    }

    fn take_bytes(&mut self, count: usize) -> Result<&'a str, NotJson> {
        let taken = self.rest.get(..count).ok_or(NotJson)?;
        self.rest = self.rest.get(count..).ok_or(NotJson)?;
        Ok(taken)
    }

    fn number_text(&mut self) -> Result<&'a str, NotJson> {
        self.peek();
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest.as_bytes().iter().take_while(|byte| is_part(byte)).count();
        self.take_bytes(length)
    }

    fn number<N: FromStr>(&mut self) -> Result<N, NotJson> {
        self.number_text()?.parse().map_err(|_| NotJson)
    }

    fn bool(&mut self) -> Result<bool, NotJson> {
        let value = self.peek() == Some(b't');
        self.take(if value { "true" } else { "false" })?;
        Ok(value)
    }

    fn string(&mut self) -> Result<String, NotJson> {
        self.take("\"")?;
        let mut string = String::new();
        loop {
            let plain = self.rest.bytes().position(|byte| matches!(byte, b'"' | b'\\')).ok_or(NotJson)?;
            string.push_str(self.take_bytes(plain)?);
            if self.take_bytes(1)? == "\"" {
                return Ok(string);
            }
            string.push(self.escaped()?);
        }
    }

    /// The character after a backslash.
    fn escaped(&mut self) -> Result<char, NotJson> {
        Ok(match self.take_bytes(1)? {
            "b" => '\u{8}',
            "f" => '\u{c}',
            "n" => '\n',
            "r" => '\r',
            "t" => '\t',
            "u" => return self.code_point(),
            "\"" => '"',
            "\\" => '\\',
            "/" => '/',
            _ => return Err(NotJson),
        })
    }

    /// Four digits, or two times four for a character beyond `\uffff` (RFC 8259 §7).
    fn code_point(&mut self) -> Result<char, NotJson> {
        let mut code = self.unit()?;
        if (0xd800..0xdc00).contains(&code) {
            self.take_here("\\u")?;
            let low = self.unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or(NotJson)?;
            code = 0x1_0000 + ((code - 0xd800) << 10) + low;
        }
        char::from_u32(code).ok_or(NotJson)
    }

    fn unit(&mut self) -> Result<u32, NotJson> {
        u32::from_str_radix(self.take_bytes(4)?, 16).map_err(|_| NotJson)
    }

    /// Passes over a value that nobody asked for.
    fn skip(&mut self) -> Result<(), NotJson> {
        let mut depth = 0_usize;
        loop {
            match self.peek().ok_or(NotJson)? {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    self.take_bytes(1)?;
                    depth += 1;
                }
                b'}' | b']' => {
                    self.take_bytes(1)?;
                    depth = depth.checked_sub(1).ok_or(NotJson)?;
                }
                b',' | b':' if depth > 0 => drop(self.take_bytes(1)?),
                b't' | b'f' => drop(self.bool()?),
                b'n' => self.take("null")?,
                _ if self.number_text()?.is_empty() => return Err(NotJson),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn items(&mut self, open: &str, close: &'static str) -> Result<Items<'_, 'a>, NotJson> {
        self.take(open)?;
        Ok(Items { reader: self, close, started: false, ended: false })
    }
}

macro_rules! numbers {
    ($($deserialize:ident $visit:ident)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
            visitor.$visit(self.number()?)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = NotJson;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        match self.peek().ok_or(NotJson)? {
            b'"' => self.deserialize_string(visitor),
            b'{' => self.deserialize_map(visitor),
            b'[' => self.deserialize_seq(visitor),
            b'n' => self.deserialize_unit(visitor),
            b't' | b'f' => self.deserialize_bool(visitor),
            _ => {
                let number = self.number_text()?;
                match (number.parse(), number.parse()) {
                    (Ok(whole), _) => visitor.visit_u64(whole),
                    (_, Ok(whole)) => visitor.visit_i64(whole),
                    _ => visitor.visit_f64(number.parse().map_err(|_| NotJson)?),
                }
            }
        }
    }

    numbers! {
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32 deserialize_u64 visit_u64
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_f32 visit_f32 deserialize_f64 visit_f64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        visitor.visit_bool(self.bool()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        visitor.visit_string(self.string()?)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        visitor.visit_str(&self.string()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        if self.peek() == Some(b'n') {
            self.take("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        self.take("null")?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, NotJson> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        let mut items = self.items("[", "]")?;
        let value = visitor.visit_seq(&mut items)?;
        items.finish().map(|()| value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        let mut items = self.items("{", "}")?;
        let value = visitor.visit_map(&mut items)?;
        items.finish().map(|()| value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NotJson> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NotJson> {
        if self.peek() != Some(b'{') {
            return visitor.visit_enum(Variant { reader: self, has_content: false });
        }
        self.take("{")?;
        let value = visitor.visit_enum(Variant { reader: &mut *self, has_content: true })?;
        self.take("}").map(|()| value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotJson> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { char bytes byte_buf unit_struct tuple tuple_struct }
}

/// The items of an array or an object, one after the other.
struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    close: &'static str,
    started: bool,
    ended: bool,
}

impl Items<'_, '_> {
    fn has_next(&mut self) -> Result<bool, NotJson> {
        if self.ended || self.reader.take(self.close).is_ok() {
            self.ended = true;
            return Ok(false);
        }
        if self.started {
            self.reader.take(",")?;
        }
        self.started = true;
        Ok(true)
    }

    /// A type may have room for fewer items than there are.
    fn finish(mut self) -> Result<(), NotJson> {
        if self.has_next()? { Err(NotJson) } else { Ok(()) }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, '_> {
    type Error = NotJson;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, NotJson> {
        if self.has_next()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for &mut Items<'_, '_> {
    type Error = NotJson;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, NotJson> {
        if self.has_next()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, NotJson> {
        self.reader.take(":")?;
        seed.deserialize(&mut *self.reader)
    }
}

/// One of several: its name, or an object whose one field has its name and holds its content.
struct Variant<'r, 'a> {
    reader: &'r mut Reader<'a>,
    has_content: bool,
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = NotJson;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), NotJson> {
        let name = seed.deserialize(&mut *self.reader)?;
        if self.has_content {
            self.reader.take(":")?;
        }
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = NotJson;

    fn unit_variant(self) -> Result<(), NotJson> {
        if self.has_content { self.reader.take("null") } else { Ok(()) }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, NotJson> {
        if self.has_content { seed.deserialize(self.reader) } else { Err(NotJson) }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, NotJson> {
        self.reader.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NotJson> {
        self.reader.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fmt::Debug};

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};
    use serde_json::Value;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[derive(Deserialize)]
    struct Kept {
        kept: u8,
    }

    proptest! {
        #[test]
        fn json_is_read_as_serde_json_reads_it(value in any_json()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert_eq!(read::<Value>(&text).unwrap(), value.clone());
            }
        }

        #[test]
        fn what_nobody_asked_for_is_passed_over(value in any_json()) {
            let text = format!("{{\"unknown\": {value}, \"kept\": 1, \"more\": {value}}}");
            prop_assert_eq!(read::<Kept>(&text).unwrap().kept, 1);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*", json in any_json(), cut in any::<prop::sample::Index>()) {
            let _ = read::<Value>(&text);
            let json = json.to_string();
            let cut: String = json.chars().take(cut.index(json.chars().count())).collect();
            let _ = read::<Value>(&cut);
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Choice {
        Nothing,
        One(String),
        Two(u8, i16),
        Named { flag: bool, ratio: f64 },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Everything {
        choices: Vec<Choice>,
        result: Result<String, u32>,
        nothing: Option<String>,
        something: Option<u64>,
        pair: (char, i64),
        by_name: BTreeMap<String, Vec<()>>,
    }

    fn is_read_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
        assert_eq!(&read::<T>(&serde_json::to_string(value).unwrap()).unwrap(), value);
    }

    #[test]
    fn every_kind_of_type_is_read_back() {
        is_read_back(&Everything {
            choices: vec![
                Choice::Nothing,
                Choice::One("\u{8}\u{c}\n\r\t\"\\/\u{0} 🗝 é".to_owned()),
                Choice::Two(7, -7),
                Choice::Named { flag: true, ratio: 0.5 },
            ],
            result: Err(1),
            nothing: None,
            something: Some(u64::MAX),
            pair: ('ß', i64::MIN),
            by_name: BTreeMap::from([(String::new(), vec![(), ()])]),
        });
        is_read_back(&Ok::<String, u32>("yes".to_owned()));
    }

    #[test]
    fn escapes_are_read_as_characters() {
        assert_eq!(read::<String>(r#""\u00e9\ud83d\udddd\/""#).unwrap(), "é🗝/");
        for wrong in
            [r#""\ud83d""#, r#""\ud83dA""#, r#""\ud83d\u0041""#, r#""\udddd""#, r#""\x""#, r#""\u12"#]
        {
            assert!(read::<String>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for wrong in
            ["", "1", "\"a\" \"b\"", "\"a", "[\"a\",]", "null", "{\"Ok\":\"a\"", "{\"Ok\":\"a\",\"Err\":1}"]
        {
            assert!(read::<Result<String, u32>>(wrong).is_err(), "{wrong}");
        }
        for wrong in ["[1,2,3]", "[1 2]", "[1,2", "[,1,2]", "{\"a\" 1}"] {
            assert!(read::<(u8, u8)>(wrong).is_err(), "{wrong}");
        }
    }
}
