//! From what is typed to an edit: judges the prompt while it is open and takes its answer.
//!
//! Imports `spec` and the editor.

use crate::spec::edit::{self, Edit, NewValue};
use crate::spec::{FieldPath, schema};

use super::prompt::{Answer, Prompt, Purpose};
use super::{Editor, asking};

impl Editor {
    pub(super) fn ask(&mut self, prompt: Prompt) {
        self.message = None;
        self.prompt = Some(prompt);
        self.judge();
    }

    /// Judges what is typed: what speaks against it, what it would mean.
    pub(super) fn judge(&mut self) {
        let (Some(prompt), Ok(document)) = (self.prompt.as_mut(), self.draft.document()) else { return };
        let value = prompt.value();
        prompt.says = None;
        match &prompt.purpose {
            Purpose::Set { path, json } => {
                prompt.says = asking::meaning(document, path, &value);
                if !*json && !prompt.is_strict() && prompt.is_touched() {
                    prompt.error = edit::check_typed(document, path, &value).err();
                }
            }
            Purpose::Insert { path, index } => {
                if prompt.is_touched() {
                    prompt.error = edit::check_typed(document, &path.join(index.to_string()), &value)
                        .err()
                        .filter(|_| path.resolve(document).is_some_and(|list| list.at(*index).is_some()));
                }
            }
            Purpose::NewKey { path } => {
                let taken = path.resolve(document).is_some_and(|map| map.get(&value).is_some());
                prompt.error = taken.then(|| "There is such a key already.".to_owned());
                // While suggestions are left the key is but half typed.
                let done = prompt.matches().is_empty() && !value.is_empty();
                prompt.says = asking::meaning(document, &path.join(value.as_str()), "").filter(|_| done);
            }
            Purpose::NewField { .. } | Purpose::Rename { .. } => {}
        }
    }

    pub(super) fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Open => self.judge(),
            Answer::Cancelled => self.prompt = None,
            Answer::Clear => {
                if let Some(Prompt { purpose: Purpose::Set { path, .. }, .. }) = self.prompt.take() {
                    self.edit(&[Edit::unset(path)]);
                }
            }
            Answer::Text(text) => self.take(text),
        }
    }

    /// Takes the answer of the prompt, or says on the prompt why not.
    fn take(&mut self, text: String) {
        let Some(prompt) = self.prompt.take() else { return };
        let edit = match &prompt.purpose {
            Purpose::NewKey { path } | Purpose::NewField { path } => {
                let next = path.join(text.as_str());
                return self.ask_next(prompt, next, &text);
            }
            // Enter without a change leaves a null as it is, instead of making it "".
            Purpose::Set { path, .. } if !prompt.is_strict() && !prompt.is_touched() => {
                let absent = self.draft.document().is_ok_and(|document| path.resolve(document).is_none());
                if !absent {
                    return;
                }
                Edit::set(path.clone(), text)
            }
            Purpose::Set { path, json: true } => Edit::set_json(path.clone(), text),
            Purpose::Set { path, json: false } => Edit::set(path.clone(), text),
            Purpose::Insert { path, index } => {
                let is_list = self
                    .draft
                    .document()
                    .is_ok_and(|document| path.resolve(document).is_some_and(|node| !node.is_null()));
                if is_list {
                    Edit::InsertItem { path: path.clone(), index: *index, value: NewValue::Typed(text) }
                } else {
                    Edit::set(path.clone(), text)
                }
            }
            Purpose::Rename { path } => Edit::RenameKey { path: path.clone(), key: text },
        };
        let target = match (&prompt.purpose, &edit) {
            (Purpose::Insert { path, index }, _) => path.join(index.to_string()),
            (_, Edit::RenameKey { path, key }) => path.parent().unwrap_or_default().join(key.as_str()),
            (_, edit) => edit.path().clone(),
        };
        match self.draft.apply(&[edit]) {
            Ok(_) => {
                self.message = None;
                self.refresh();
                self.go_to(&target);
            }
            Err(reason) => self.prompt = Some(prompt.refused(reason)),
        }
    }

    /// A key or a field was named: asks for its value.
    fn ask_next(&mut self, prompt: Prompt, path: FieldPath, name: &str) {
        let Ok(document) = self.draft.document() else { return };
        let refusal = if name.is_empty() {
            Some("A name is needed.".to_owned())
        } else if path.resolve(document).is_some() {
            Some("There is one of that name already.".to_owned())
        } else {
            None
        };
        match (refusal, schema::field_info(document, &path)) {
            (Some(reason), _) => self.prompt = Some(prompt.refused(reason)),
            (None, Some(info)) => {
                let next = asking::value_at(document, &path, &info);
                self.ask(next);
            }
            (None, None) => {
                self.prompt = Some(prompt.refused("Nothing of that name may stand here."));
            }
        }
    }
}
