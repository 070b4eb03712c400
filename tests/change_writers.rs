//! Only `change::apply` and nova's object call what writes to a store.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The one place of each file that may write, and why nobody else needs to.
const MAY_WRITE: [&str; 5] =
    ["change/apply.rs", "change/apply_tests.rs", "change/apply/", "store/object.rs", "store/sqlite/"];

#[test]
fn only_apply_and_the_object_write_to_stores() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    let mut wrong = Vec::new();
    let mut writers = 0;
    for path in found {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or("")).collect();
        // A file without any store cannot write to one; its `save` is something else.
        let knows_stores = ["SpecStore", "SqliteStore", "Stores", ".open("]
            .iter()
            .any(|word| code.iter().any(|line| line.contains(word)));
        for (number, line) in code.iter().enumerate() {
            let writes = [".create(", ".save(", ".destroy(", ".hold("].iter().any(|call| line.contains(call));
            // Files and directories are made by methods of that name, too.
            let makes_file = line.contains(".create(true)") || line.contains(".create(directory)");
            // Recovery holds a row to learn whether a commit is still under way; that changes nothing.
            let only_holds = name == "change/recover.rs" && line.contains(".hold(");
            if !writes || !knows_stores || makes_file || only_holds {
                continue;
            }
            if MAY_WRITE.iter().any(|allowed| name.starts_with(allowed)) {
                writers += 1;
            } else {
                wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "these write to a store past the confirm step:\n{}", wrong.join("\n"));
    assert!(writers >= 6, "the test does not see the writers any more");
}
