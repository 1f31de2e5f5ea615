//! One request that moves the session at a time, in all tabs of a browser (Web Locks API).

use std::{cell::RefCell, rc::Rc};

use futures::{
    FutureExt,
    future::{Either, LocalBoxFuture, select},
};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::{http::Outcome, timer::sleep};

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

const NAME: &str = "latchkey-session";

type Work = LocalBoxFuture<'static, Outcome>;

/// Runs `work` while no other tab of this browser runs its own. After `patience` milliseconds it runs in any case, and
/// in a browser without locks at once: the server sorts tabs out too.
pub async fn with_lock(work: Work, patience: Option<f64>) -> Outcome {
    let Some(locks) = NAVIGATOR.with(Navigator::locks) else { return work.await };
    let work = Rc::new(RefCell::new(Some(work)));
    let outcome = Rc::new(RefCell::new(None));
    let callback = callback(work.clone(), outcome.clone());
    // Rejected where the browser gives no locks, or when the document goes away.
    let granted = JsFuture::from(locks.request(NAME, &callback));
    match patience {
        None => drop(granted.await),
        Some(patience) => {
            if let Either::Right(((), granted)) = select(granted, sleep(patience).boxed_local()).await
                && work.borrow().is_none()
            {
                drop(granted.await);
            }
        }
    }
    let Some(work) = work.take() else { return outcome.take() };
    // The lock may still be granted: then the callback finds nothing to do.
    callback.forget();
    work.await
}

fn callback(
    work: Rc<RefCell<Option<Work>>>,
    outcome: Rc<RefCell<Outcome>>,
) -> Closure<dyn FnMut() -> Promise> {
    Closure::new(move || {
        let (work, outcome) = (work.take(), outcome.clone());
        future_to_promise(async move {
            if let Some(work) = work {
                let came = work.await;
                outcome.replace(came);
            }
            Ok(JsValue::UNDEFINED)
        })
    })
}
