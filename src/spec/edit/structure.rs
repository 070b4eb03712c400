//! Splices that set, insert and remove members and elements, commas included, and leave all other
//! bytes as they are, whatever white space stands between them.
//!
//! Imports its siblings and [`crate::spec::document`]; no I/O.

use super::splice::Splice;
use crate::spec::document::Node;
use crate::spec::scan::encode_string;

/// Puts `json` where the value stands.
pub(crate) fn replace(node: Node<'_>, json: &str) -> Splice {
    Splice { start: node.span().start, removed: node.raw().to_owned(), inserted: json.to_owned() }
}

/// Puts `key: json` into an object, behind the member `after`, or in front of all others.
pub(crate) fn insert_member(object: Node<'_>, after: Option<Node<'_>>, key: &str, json: &str) -> Splice {
    insert(object, after, format!("{}: {json}", encode_string(key)))
}

/// Puts `json` into a list so that it stands at `index`; at the end where the list is shorter.
pub(crate) fn insert_item(list: Node<'_>, index: usize, json: &str) -> Splice {
    let after = index.checked_sub(1).and_then(|before| list.at(before).or_else(|| list.children().last()));
    insert(list, after, json.to_owned())
}

fn insert(container: Node<'_>, after: Option<Node<'_>>, text: String) -> Splice {
    let (start, inserted) = match (after, container.children().next()) {
        (Some(after), _) => (after.span().end, format!(", {text}")),
        (None, Some(first)) => (member_start(first), format!("{text}, ")),
        (None, None) => (container.span().start + 1, text),
    };
    Splice { start, removed: String::new(), inserted }
}

/// Takes a member or element out, with its key and one comma.
pub(crate) fn remove(node: Node<'_>) -> Splice {
    let siblings: Vec<Node<'_>> = node.parent().into_iter().flat_map(|parent| parent.children()).collect();
    let at = siblings.iter().position(|sibling| sibling.id() == node.id()).unwrap_or(0);
    let range = if let Some(next) = siblings.get(at + 1) {
        member_start(node)..member_start(*next)
    } else if let Some(previous) = at.checked_sub(1).and_then(|at| siblings.get(at)) {
        previous.span().end..node.span().end
    } else {
        member_start(node)..node.span().end
    };
    let removed = node.document().text()[range.clone()].to_owned();
    Splice { start: range.start, removed, inserted: String::new() }
}

/// Gives a member another key.
pub(crate) fn rename(node: Node<'_>, key: &str) -> Option<Splice> {
    let span = node.key_span()?;
    let removed = node.document().text()[span.clone()].to_owned();
    Some(Splice { start: span.start, removed, inserted: encode_string(key) })
}

fn member_start(node: Node<'_>) -> usize {
    node.key_span().unwrap_or_else(|| node.span()).start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Document;
    use crate::spec::edit::Splices;

    fn done(text: &str, splice: Splice) -> String {
        let mut splices = Splices::default();
        splices.push(splice);
        let (after, inverse) = splices.apply(text).unwrap();
        assert_eq!(inverse.apply(&after).unwrap().0, text);
        after
    }

    #[rstest::rstest]
    #[case("[1,2 , 3]", 0, "[2 , 3]")]
    #[case("[1,2 , 3]", 1, "[1,3]")]
    #[case("[1,2 , 3 ]", 2, "[1,2 ]")]
    #[case("[ 1 ]", 0, "[  ]")]
    fn removes_an_element_with_its_comma(#[case] text: &str, #[case] index: usize, #[case] expected: &str) {
        let document = Document::parse_str(text).unwrap();
        assert_eq!(done(text, remove(document.root().at(index).unwrap())), expected);
    }

    #[rstest::rstest]
    #[case("[]", 0, "[9]")]
    #[case("[ ]", 5, "[9 ]")]
    #[case("[ 1,2 ]", 0, "[ 9, 1,2 ]")]
    #[case("[ 1,2 ]", 1, "[ 1, 9,2 ]")]
    #[case("[ 1,2 ]", 2, "[ 1,2, 9 ]")]
    #[case("[ 1,2 ]", 7, "[ 1,2, 9 ]")]
    fn inserts_an_element(#[case] text: &str, #[case] index: usize, #[case] expected: &str) {
        let document = Document::parse_str(text).unwrap();
        assert_eq!(done(text, insert_item(document.root(), index, "9")), expected);
    }

    #[rstest::rstest]
    #[case("{ }", None, "{\"k\": 1 }")]
    #[case("{\n\"a\" : 0\n}", None, "{\n\"k\": 1, \"a\" : 0\n}")]
    #[case("{\n\"a\" : 0 ,\"b\":0}", Some("a"), "{\n\"a\" : 0, \"k\": 1 ,\"b\":0}")]
    fn inserts_a_member(#[case] text: &str, #[case] after: Option<&str>, #[case] expected: &str) {
        let document = Document::parse_str(text).unwrap();
        let after = after.and_then(|key| document.root().get(key));
        assert_eq!(done(text, insert_member(document.root(), after, "k", "1")), expected);
    }

    #[rstest::rstest]
    #[case("{ \"a\" : 0, \"b\" :1 }", "a", "{ \"b\" :1 }")]
    #[case("{ \"a\" : 0 , \"b\" :1 }", "b", "{ \"a\" : 0 }")]
    #[case("{\"a\":0}", "a", "{}")]
    fn removes_a_member(#[case] text: &str, #[case] key: &str, #[case] expected: &str) {
        let document = Document::parse_str(text).unwrap();
        assert_eq!(done(text, remove(document.root().get(key).unwrap())), expected);
    }
}
