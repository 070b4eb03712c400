//! All cells in one pane: the screens, and the cursor against one sorted list of all rows.

use proptest::prelude::*;
use reqspec::app::Msg;

use super::cells::{deployment, down, row, selected};
use super::world::{Stored, World, api, cell, uuid};

/// The screens: 3 cells; one slow; one dead; one disabled and folded.
#[rstest::rstest]
#[case("all", 120, 36, "a<Tab>jj")]
#[case("all", 200, 50, "a<Tab>jj")]
#[case("all", 80, 24, "a<Tab>jj")]
#[case("twin", 120, 36, "a/{205}<Enter>")]
#[case("filter", 120, 36, "a<Tab>/c1.pin")]
#[case("filter", 80, 24, "a<Tab>/c1.pin")]
fn screens(#[case] name: &str, #[case] width: u16, #[case] height: u16, #[case] keys: &str) {
    let mut world = deployment(width, height);
    world.model.databases[3].disabled = true;
    world.keys(&keys.replace("{205}", &uuid(205)));
    insta::assert_snapshot!(format!("cells_{name}_{width}x{height}"), world.screen());
}

#[rstest::rstest]
#[case("slow", 120, 36)]
#[case("slow", 80, 24)]
#[case("dead", 120, 36)]
#[case("dead", 80, 24)]
#[case("none", 120, 36)]
fn screens_of_trouble(#[case] name: &str, #[case] width: u16, #[case] height: u16) {
    let mut world = deployment(width, height);
    let dead: &[&str] = match name {
        "slow" => &[],
        "dead" => &["cell2"],
        _ => &["cell1", "cell2", "cell3"],
    };
    for name in dead {
        world.databases.insert(cell(name), Err(down()));
    }
    if name == "slow" {
        world.slow.insert(cell("cell2"));
    }
    world.keys(if name == "dead" { "a<Tab>/c1.pin<Enter>" } else { "a" });
    world.pass_time();
    if width < 100 && name == "slow" {
        world.keys("<Tab>");
    }
    insta::assert_snapshot!(format!("cells_{name}_{width}x{height}"), world.screen());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever is pressed, and however the rows lie in the cells, one of which may be dead or slow:
    /// the cursor is where one sorted list of the answering cells has it.
    #[test]
    fn the_cursor_is_where_the_whole_list_says(
        moves in proptest::collection::vec(0_usize..11, 1..40),
        places in proptest::collection::vec(0_usize..3, 0..260),
        trouble in 0_usize..3,
        height in 10_u16..40,
    ) {
        let mut cells: [Vec<Stored>; 3] = Default::default();
        for (number, place) in (1_i64..).zip(places) {
            let id = cells[place].len() as i64 + 1;
            cells[place].push(row(id, 1_000 + number));
        }
        let names = [cell("cell1"), cell("cell2"), cell("cell3")];
        let [one, two, three] = cells.clone();
        let second = if trouble == 1 { Err(down()) } else { Ok(two) };
        let databases = [(api(), Ok(Vec::new())), (names[0].clone(), Ok(one)), (names[1].clone(), second), (names[2].clone(), Ok(three))];
        let mut world = World::of(databases, 120, height);
        world.send(Msg::Start);
        if trouble == 2 {
            world.slow.insert(names[1].clone());
        }
        world.keys("a<Tab>");
        world.pass_time();
        let mut whole: Vec<_> = (0..3)
            .filter(|part| trouble == 0 || *part != 1)
            .flat_map(|part| cells[part].iter().map(move |row| (row.id, part, row.updated.clone(), row.uuid.to_string())))
            .collect();
        whole.sort();
        let mut at = 0_i64;
        let mut newest = false;
        for step in moves {
            let page = i64::from(world.model.panes[1].list.height()).max(2) - 1;
            let (key, delta) = [
                ("j", 1), ("k", -1), ("<PgDn>", page), ("<PgUp>", -page), ("G", 10_000), ("g", -10_000),
                ("jjj", 3), ("kkkk", -4), ("<PgDn><PgDn>", 2 * page), ("r", 0), ("o", -10_000),
            ][step];
            // A refresh asks the slow cell again, and shows it after the grace as it did before.
            world.keys(key);
            world.pass_time();
            if key == "o" {
                newest = !newest;
                whole.sort_by(|one, other| if newest {
                    (&other.2, other.0).cmp(&(&one.2, one.0)).then(one.1.cmp(&other.1))
                } else {
                    (one.0, one.1).cmp(&(other.0, other.1))
                });
            }
            let last = whole.len() as i64 - 1;
            at = (at + delta).clamp(0, last.max(0));
            if last >= 0 {
                let (_, part, _, instance) = &whole[at as usize];
                prop_assert_eq!(selected(&world), (names[*part].clone(), instance.clone()), "after {}", key);
                prop_assert_eq!(world.model.panes[1].list.ordinal(), Some(at as u64 + 1));
            }
            prop_assert!(world.model.panes[1].list.window_len() <= 7 * 80, "the window stays small");
        }
    }
}
