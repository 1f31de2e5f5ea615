//! What is loaded when it is needed: a file of its own where the client bundle is in parts ([`super::parts`]), and there
//! from the beginning elsewhere.

use std::pin::Pin;

use leptos::wasm_split::SplitLoaderError;

/// On its way.
pub type Loading<T> = Pin<Box<dyn Future<Output = Result<T, SplitLoaderError>>>>;

/// `split_off!(NAME: TYPE = VALUE)` is a function that loads the file of that name and returns the value. Once it is there,
/// this is done at once.
macro_rules! split_off {
    ($name:ident: $content:ty = $value:expr) => {{
        #[cfg_attr(
                    feature = "split",
                    ::leptos::wasm_split::wasm_split($name, wasm_split_path = ::leptos::wasm_split, fallible)
                )]
        fn $name() -> Result<$content, ::leptos::wasm_split::SplitLoaderError> {
            Ok($value)
        }

        fn load() -> $crate::app::split::Loading<$content> {
            let content = $name();
            #[cfg(not(feature = "split"))]
            let content = ::std::future::ready(content);
            Box::pin(content)
        }

        load
    }};
}

pub(crate) use split_off;
