//! One refresh at a time in all tabs of a browser (Web Locks API).

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

#[wasm_bindgen]
extern "C" {
    type Navigator;
    type LockManager;

    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    static NAVIGATOR: Navigator;

    #[wasm_bindgen(method, getter)]
    fn locks(this: &Navigator) -> Option<LockManager>;

    #[wasm_bindgen(method)]
    fn request(this: &LockManager, name: &str, callback: &Closure<dyn FnMut() -> Promise>) -> Promise;
}

const NAME: &str = "latchkey-refresh";

/// Runs `work` while no other tab of this browser runs its own. A browser without locks runs it at once: the server
/// sorts tabs out too.
pub async fn alone(work: impl Future<Output = ()> + 'static) {
    let Some(locks) = NAVIGATOR.with(Navigator::locks) else { return work.await };
    let mut work = Some(work);
    let callback = Closure::new(move || {
        let work = work.take();
        future_to_promise(async move {
            if let Some(work) = work {
                work.await;
            }
            Ok(JsValue::UNDEFINED)
        })
    });
    // Rejected only if the document goes away.
    let _ = JsFuture::from(locks.request(NAME, &callback)).await;
}
