//! Which name was probably meant. Imports nothing; no I/O.

/// A text longer than this is no slip of the pen; comparing it would only take time.
const LONGEST: usize = 64;

/// The one of the names that was probably meant: at most two letters away, and fewer than half.
pub fn nearest<'n>(text: &str, names: &[&'n str]) -> Option<&'n str> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text.to_lowercase();
    let distances = names.iter().map(|name| (distance(&text, &name.to_lowercase()), *name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= 2 && distance * 2 < name.chars().count()).then_some(name)
}

/// Letters to add, drop, change or swap (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let width = right.len() + 1;
    let mut table = vec![0; (left.len() + 1) * width];
    for row in 0..=left.len() {
        for column in 0..width {
            table[row * width + column] = if row == 0 || column == 0 {
                row + column
            } else {
                let changed = usize::from(left[row - 1] != right[column - 1]);
                let mut least = (table[(row - 1) * width + column] + 1)
                    .min(table[row * width + column - 1] + 1)
                    .min(table[(row - 1) * width + column - 1] + changed);
                if row > 1
                    && column > 1
                    && left[row - 1] == right[column - 2]
                    && left[row - 2] == right[column - 1]
                {
                    least = least.min(table[(row - 2) * width + column - 2] + 1);
                }
                least
            };
        }
    }
    table[table.len() - 1]
}
