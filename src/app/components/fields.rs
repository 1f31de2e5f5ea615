//! Fields of forms: each with its label, its hint and what is wrong with it.

use leptos::{either::EitherOf3, ev::KeyboardEvent, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    form::FormState,
    reactive::{effect, flag, on, reactive, text, word},
};
use crate::{
    app::hydrated::Hydrated,
    model::{
        password::hint,
        role::{Role, Roles},
    },
};

/// What may be typed where a code is asked for.
pub const CODE_HINT: &str = "The 6 digits that your authenticator app shows, or a recovery code.";

/// One labelled field of text.
#[component]
pub fn Field(
    form: FormState,
    name: &'static str,
    label: &'static str,
    /// `text`, `email` or `password`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What browsers and password managers know it as (HTML §4.10.18.7).
    autocomplete: &'static str,
    #[prop(optional)] hint: &'static str,
    #[prop(optional, into)] value: String,
    /// For a text of several lines: the most characters that it may have.
    #[prop(optional)]
    text_up_to: Option<usize>,
) -> impl IntoView {
    let hydrated = Hydrated::current();
    let about = Labelled { form, name, label, hint };
    let control = match text_up_to {
        None if kind == "password" => {
            let secret = Secret::new(form);
            EitherOf3::A(view! {
                <div class="secret">
                    <input id=form.field_id(name) name=name type=text(move || secret.kind().to_owned()) autocomplete=autocomplete required
                        aria-describedby=about.described() aria-invalid=about.invalid()
                        on:keydown=on(move |event| secret.look(&event)) on:keyup=on(move |event| secret.look(&event))/>
                    <button type="button" class="reveal" disabled=flag(move || !hydrated.get()) on:click=on(move |_| secret.toggle())>
                        {reactive(move || secret.action())}<span class="unseen">" password"</span>
                    </button>
                </div>
                <p class="caps" aria-live="polite">{reactive(move || secret.warning())}</p>
            })
        }
        None => EitherOf3::B(view! {
            <input id=form.field_id(name) name=name type=kind autocomplete=autocomplete value=value required
                aria-describedby=about.described() aria-invalid=about.invalid()/>
        }),
        Some(most) => EitherOf3::C(view! {
            <textarea id=form.field_id(name) name=name rows="8" autocomplete=autocomplete maxlength=most.to_string() required
                aria-describedby=about.described() aria-invalid=about.invalid()>{value}</textarea>
        }),
    };
    about.around(control.into_any())
}

/// What stands around a control: its label, its hint, and what is wrong with it.
#[derive(Clone, Copy, Debug)]
pub struct Labelled {
    pub form: FormState,
    pub name: &'static str,
    pub label: &'static str,
    /// May be empty.
    pub hint: &'static str,
}

impl Labelled {
    /// The control with all that stands around it.
    pub fn around(self, control: AnyView) -> AnyView {
        let Self { form, name, label, hint } = self;
        view! {
            <div class="field">
                <label for=form.field_id(name)>{label}</label>
                {(!hint.is_empty()).then(|| view! { <p class="hint" id=self.id("hint")>{hint}</p> })}
                {reactive(move || self.problem().map(|problem| view! { <p class="problem" id=self.id("error")>{problem}</p> }))}
                {control}
            </div>
        }
        .into_any()
    }

    /// For `aria-invalid` of the control.
    pub fn invalid(self) -> Box<dyn Fn() -> Option<&'static str> + Send> {
        word("true", move || self.problem().is_some())
    }

    /// For `aria-describedby` of the control.
    pub fn described(self) -> Box<dyn Fn() -> Option<String> + Send> {
        Box::new(move || match (self.hint.is_empty(), self.problem().is_none()) {
            (true, true) => None,
            (true, false) => Some(self.id("error")),
            (false, true) => Some(self.id("hint")),
            (false, false) => Some(format!("{} {}", self.id("hint"), self.id("error"))),
        })
    }

    fn problem(self) -> Option<String> {
        self.form.error.read().as_ref().and_then(|error| error.fields.get(self.name).cloned())
    }

    fn id(self, part: &str) -> String {
        format!("{}-{part}", self.form.field_id(self.name))
    }
}

/// The field for a code of an authenticator app, or a recovery code.
#[component]
pub fn CodeField(form: FormState, #[prop(default = CODE_HINT)] hint: &'static str) -> impl IntoView {
    let about = Labelled { form, name: "code", label: "Code", hint };
    about.around(
        view! {
            <input id=form.field_id("code") name="code" type="text" inputmode="numeric" autocomplete="one-time-code" required
                aria-describedby=about.described() aria-invalid=about.invalid()/>
        }
        .into_any(),
    )
}

/// A password while it is typed: whether it can be read, and whether Caps Lock is on.
#[derive(Clone, Copy)]
struct Secret {
    shown: RwSignal<bool>,
    caps_lock: RwSignal<bool>,
}

impl Secret {
    /// It is hidden again when the form is sent: a browser keeps what was sent from a field of text.
    fn new(form: FormState) -> Self {
        let secret = Self { shown: RwSignal::new(false), caps_lock: RwSignal::new(false) };
        effect(move || {
            if form.pending.get() {
                secret.shown.set(false);
            }
        });
        secret
    }

    fn kind(self) -> &'static str {
        if self.shown.get() { "text" } else { "password" }
    }

    fn action(self) -> &'static str {
        if self.shown.get() { "Hide" } else { "Show" }
    }

    fn toggle(self) {
        self.shown.update(|shown| *shown = !*shown);
    }

    /// What a browser fills in by itself comes as an event without keys.
    fn look(self, event: &KeyboardEvent) {
        let caps_lock = event.has_type::<KeyboardEvent>() && event.get_modifier_state("CapsLock");
        if self.caps_lock.get_untracked() != caps_lock {
            self.caps_lock.set(caps_lock);
        }
    }

    fn warning(self) -> Option<&'static str> {
        self.caps_lock.get().then_some("Caps Lock is on.")
    }
}

/// The field for a password that is being chosen, with a hint while it is typed.
#[component]
pub fn NewPassword(form: FormState, name: &'static str, label: &'static str) -> impl IntoView {
    let strength = RwSignal::new("");
    effect(move || {
        if form.done.get() {
            strength.set("");
        }
    });
    view! {
        <div on:input=on(move |event| strength.set(hint(&event_target_value(&event))))>
            <Field form=form name=name label=label kind="password" autocomplete="new-password"
                hint="At least 8 characters. A few words that you can remember work best."/>
            <p class="hint strength" role="status">{reactive(move || strength.get())}</p>
        </div>
    }
}

/// A choice of roles. Everyone is a member, so that one can't be taken away.
#[component]
pub fn RolesField(held: Roles) -> impl IntoView {
    let option = move |role: Role| {
        let (id, about) = (format!("role-{}", role.as_str()), format!("about-{}", role.as_str()));
        view! {
            <div class="choice">
                <input type="checkbox" id=id.clone() name="roles" value=role.as_str() checked=held.contains(role)
                    disabled=role == Role::Member aria-describedby=about.clone()/>
                <label for=id>{role.label()}</label>
                <p class="hint" id=about>{role.description()}</p>
            </div>
        }
    };
    view! {
        <fieldset class="field">
            <legend>"Roles"</legend>
            // Sent also when no box is checked.
            <input type="hidden" name="roles" value=Role::Member.as_str()/>
            {Role::ALL.map(option).collect_view()}
        </fieldset>
    }
}
