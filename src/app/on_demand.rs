//! What is loaded when it is needed: a file of its own where the client bundle is in parts ([`super::parts`]), and there
//! from the beginning elsewhere.

/// `NAME, pub LOAD: TYPE = VALUE` makes an asynchronous function LOAD, which loads the file of that name and returns the
/// value. Once it is there, this is done at once.
macro_rules! on_demand {
    ($name:ident, $visibility:vis $load:ident: $content:ty = $value:expr) => {
        #[cfg_attr(
            feature = "split",
            ::leptos::wasm_split::wasm_split($name, wasm_split_path = ::leptos::wasm_split, fallible)
        )]
        fn $name() -> Result<$content, ::leptos::wasm_split::SplitLoaderError> {
            Ok($value)
        }

        $visibility async fn $load() -> Result<$content, ::leptos::wasm_split::SplitLoaderError> {
            let content = $name();
            #[cfg(not(feature = "split"))]
            let content = ::std::future::ready(content);
            content.await
        }
    };
}

pub(crate) use on_demand;
