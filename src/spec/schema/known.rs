//! Objects that stand alike in many specs (flavors, images, limits, security groups): one that was found sound
//! is recognised by its bytes when it comes again, which takes a comparison instead of a walk.
//!
//! Each thread keeps its own, a bounded number of them. Imports nothing; no I/O.

use std::cell::RefCell;

/// The objects of a spec that many specs share. What is found in them does not hang on what stands around them.
const SHARED: [&str; 4] = ["ImageMeta", "Flavor", "SchedulerLimits", "SecurityGroupList"];
/// So many are kept.
const SLOTS: usize = 1024;
/// Longer ones are not.
const LONGEST: usize = 4096;
/// Where objects differ: behind their envelope, and not far behind.
const TELLING: (usize, usize) = (96, 320);

struct Object {
    name: &'static str,
    text: Box<str>,
    /// Its fields: name, beginning and end within the text.
    fields: Box<[(&'static str, u32, u32)]>,
}

thread_local! {
    static KNOWN: RefCell<Vec<Option<Object>>> = const { RefCell::new(Vec::new()) };
}

/// Whether objects of that name are kept.
pub(super) fn is_shared(name: &str) -> bool {
    SHARED.contains(&name)
}

fn slot(text: &str) -> usize {
    let bytes = text.as_bytes();
    let telling = bytes.get(TELLING.0.min(bytes.len())..TELLING.1.min(bytes.len())).unwrap_or_default();
    let mut mixed = 0u64;
    for chunk in telling.chunks_exact(8) {
        let word = chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        mixed = (mixed.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    (mixed >> 40) as usize % SLOTS
}

/// The length of the object at the beginning of `text`, if it is one that was found sound; its fields go to
/// `fields`.
pub(super) fn recognise<'t>(
    name: &'static str,
    text: &'t str,
    fields: &mut Vec<(&'static str, &'t str)>,
) -> Option<usize> {
    KNOWN.with_borrow(|known| {
        let object = known.get(slot(text))?.as_ref()?;
        if object.name != name || !text.starts_with(&*object.text) {
            return None;
        }
        fields.extend(
            object
                .fields
                .iter()
                .filter_map(|(name, from, to)| Some((*name, text.get(*from as usize..*to as usize)?))),
        );
        Some(object.text.len())
    })
}

/// Keeps a sound object, which `text` begins with; `fields` are parts of it.
pub(super) fn keep(name: &'static str, text: &str, length: usize, fields: &[(&'static str, &str)]) {
    let Some(own) = text.get(..length).filter(|own| own.len() <= LONGEST) else { return };
    let start = own.as_ptr().addr();
    let place = |(name, raw): &(&'static str, &str)| {
        let from = u32::try_from(raw.as_ptr().addr().checked_sub(start)?).ok()?;
        Some((*name, from, from + u32::try_from(raw.len()).ok()?))
    };
    let Some(fields) = fields.iter().map(place).collect::<Option<Box<[_]>>>() else { return };
    KNOWN.with_borrow_mut(|known| {
        if known.is_empty() {
            known.resize_with(SLOTS, || None);
        }
        if let Some(slot) = known.get_mut(slot(text)) {
            *slot = Some(Object { name, text: own.into(), fields });
        }
    });
}
