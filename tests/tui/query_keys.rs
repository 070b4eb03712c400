//! Key scripts for the query bar and for the choices: what they change and ask for.

use std::sync::Arc;

use reqspec::app::effect::RequestId;
use reqspec::app::exporting::Format;
use reqspec::app::facets::Counts;
use reqspec::app::overlay::Overlay;
use reqspec::app::refreshing::Mark;
use reqspec::app::row::Failure;
use reqspec::app::settings::Settings;
use reqspec::app::{Effect, Model, Msg, Setup};
use reqspec::change::DatabaseName;
use reqspec::query::{PageFrom, Sample, Subject, parse_field};

use super::world::{NOW, World, api, cell, place, uuid};

fn started() -> World {
    World::started(120, 36)
}

fn query(world: &World) -> Option<String> {
    world.model.query().map(|query| query.text.clone())
}

fn hits(world: &World, pane: usize) -> Option<u64> {
    Some(world.model.panes[pane].search.as_ref()?.tally()?.hits)
}

fn asked<T>(world: &World, pick: impl Fn(&Effect) -> Option<T>) -> Vec<T> {
    world.effects.iter().filter_map(pick).collect()
}

fn toasts(world: &World) -> String {
    world.model.toasts.iter().map(|toast| toast.text.clone()).collect::<Vec<_>>().join("\n")
}

fn order(world: &World) -> (String, bool) {
    let order = world.model.panes[0].list.order();
    (order.field.name.to_string(), order.descending)
}

#[test]
fn both_panes_follow_each_key() {
    let mut world = started();
    world.keys("/vcpus>=8");
    assert_eq!((hits(&world, 0), hits(&world, 1)), (Some(24), Some(10)));
    world.keys(" az=az1");
    assert_eq!((hits(&world, 0), hits(&world, 1)), (Some(8), Some(3)));
    world.keys("<Enter>");
    assert!(world.model.typing.is_none());
    assert_eq!(query(&world).as_deref(), Some("vcpus>=8 az=az1"));
    let remembered = asked(&world, |effect| match effect {
        Effect::Remember(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(remembered, ["vcpus>=8 az=az1"]);
    assert_eq!(world.model.settings.history.last().map(String::as_str), Some("vcpus>=8 az=az1"));
}

#[test]
fn what_cannot_be_read_changes_nothing_in_the_panes() {
    let mut world = started();
    world.keys("/vcpus>=8 az");
    let before = hits(&world, 0);
    world.effects.clear();
    world.keys("=");
    let looks = asked(&world, |effect| matches!(effect, Effect::Sample { .. }).then_some(()));
    assert_eq!((world.effects.len(), hits(&world, 0)), (looks.len(), before));
    world.effects.clear();
    assert!(world.model.typing.as_ref().is_some_and(|bar| bar.error.is_some() && bar.is_unfinished()));
    world.keys("<Enter>");
    assert!(world.model.typing.is_some(), "what is wrong is set right first");
    assert!(world.effects.is_empty());
    world.keys("az1<Enter>");
    assert_eq!((world.model.typing.is_none(), hits(&world, 0)), (true, Some(8)));
}

#[test]
fn nothing_is_said_of_the_query_before_what_cannot_be_read() {
    let mut world = World::started(40, 12);
    world.keys("/flavr=m1");
    let text = world.text();
    assert!(!text.contains("nothing matches") && !text.contains("0 hits"), "{text}");
    assert!(text.contains("did you mean flavor?"), "{text}");
}

#[test]
fn a_reason_in_the_palette_takes_no_more_room_than_it_needs() {
    let mut world = started();
    world.keys(":foo");
    let lines = world.text().lines().filter(|line| line.contains("no command foo")).count();
    let text = world.text();
    let top = text.lines().position(|line| line.contains("Commands")).expect("a box");
    assert_eq!(lines, 1);
    assert!(text.lines().nth(top + 4).is_some_and(|line| line.contains('└')), "{text}");
}

#[test]
fn long_values_are_whole_at_the_foot_of_the_counts() {
    let mut world = World::started(40, 12);
    world.hold = true;
    world.keys(":facet $.x<Enter>");
    let request = facet_request(&world);
    let value: Arc<str> = Arc::from("a-value-that-is-much-longer-than-its-column");
    let counts = Counts { rows: 3, values: vec![(Arc::from([Some(value.clone())]), 2)], ..Counts::default() };
    world.send(Msg::Facets { request, database: api(), result: Ok(Arc::new(counts)) });
    let text = world.text();
    assert!(text.contains("…") && !text.contains("66.7%"), "{text}");
    let whole: String = text.lines().flat_map(|line| line.split('│')).map(str::trim).collect();
    assert!(whole.contains(&*value), "{text}");
    assert!(text.contains("in 3 rows of API"), "{text}");
}

#[test]
fn escape_brings_lists_and_positions_back() {
    let mut world = started();
    world.keys("jjjj/vcpus>=8 az=az1<Esc>");
    assert_eq!(world.selected(), uuid(5));
    assert_eq!(query(&world), None);
    // From a query that is set: that query.
    world.keys("/vcpus>=8<Enter>j");
    let there = world.selected();
    world.keys("/ az=az1<Esc>");
    assert_eq!((query(&world).as_deref(), hits(&world, 0)), (Some("vcpus>=8"), Some(24)));
    world.keys("<Esc>");
    assert_eq!((query(&world), world.selected()), (None, uuid(5)));
    assert_ne!(there, uuid(5));
}

#[test]
fn an_emptied_query_is_left_by_enter() {
    let mut world = started();
    world.keys("jj/az=az1<Enter>/<Ctrl-u><Enter>");
    assert_eq!((query(&world), world.selected()), (None, uuid(3)));
    assert!(world.model.typing.is_none());
}

#[test]
fn a_uuid_is_jumped_to_and_is_no_query_then() {
    let mut world = started();
    world.keys(&format!("/{}<Enter>", &uuid(77)[..8]));
    assert_eq!((world.selected(), query(&world)), (uuid(77), None));
}

#[test]
fn values_that_were_seen_complete() {
    let mut world = started();
    world.keys("/az=<Tab><Enter>");
    assert_eq!(query(&world).as_deref(), Some("az=az1"));
    world.keys("/<Ctrl-u>extra.hw:cpu_pol<Tab>");
    let text = world.model.typing.as_ref().map(|bar| bar.text().to_owned()).unwrap_or_default();
    assert!(text.starts_with("extra.hw:cpu_policy"), "{text}");
}

fn looks(world: &World) -> Vec<(RequestId, Vec<DatabaseName>, Vec<Subject>)> {
    asked(world, |effect| match effect {
        Effect::Sample { request, databases, subjects } => {
            Some((*request, databases.clone(), subjects.to_vec()))
        }
        _ => None,
    })
}

fn offered(world: &World) -> Vec<(String, String)> {
    let popup = world.model.typing.as_ref().and_then(|bar| bar.popup.as_ref());
    let candidates = popup.into_iter().flat_map(|popup| &popup.candidates);
    candidates.map(|candidate| (candidate.text.clone(), candidate.help.clone())).collect()
}

#[test]
fn values_that_no_row_on_the_screen_has_are_looked_up_and_offered() {
    let mut world = started();
    let field = parse_field("$.flavor.vcpus").unwrap();
    world.keys("/$.flavor.vcpus=");
    let asked = looks(&world);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1, [api(), cell("cell1")]);
    assert_eq!(asked[0].2, [Subject::Values(field)]);
    // All rows of both were counted.
    let told = offered(&world);
    assert!(told.len() > 1 && told.iter().all(|(_, help)| help.starts_with("in ")), "{told:?}");
    let rows = |help: &str| help.split(' ').nth(1).and_then(|rows| rows.parse().ok()).unwrap_or(0);
    let sum: u64 = told.iter().map(|(_, help)| rows(help)).sum();
    world.keys("<Ctrl-u>$.flavor.vcpus<Enter>");
    assert_eq!(Some(sum), hits(&world, 0).zip(hits(&world, 1)).map(|(left, right)| left + right));
    world.effects.clear();
    // Another key of the same field asks nothing; a bar that is opened anew does, and so does another field.
    world.keys("/=1");
    assert_eq!(looks(&world).len(), 1);
    world.keys("2<Backspace><Backspace>");
    assert_eq!(looks(&world).len(), 1);
    world.keys("<Ctrl-u>flavor=");
    assert_eq!(looks(&world).len(), 2);
}

#[test]
fn keys_of_a_family_are_looked_up_and_a_word_looks_for_nothing() {
    let mut world = started();
    world.keys("/extra.");
    assert_eq!(
        looks(&world).last().map(|(_, _, subjects)| subjects.clone()),
        Some(vec![Subject::Keys("extra")])
    );
    assert_eq!(offered(&world).first().map(|(text, _)| text.as_str()), Some("extra.our:key"));
    world.effects.clear();
    world.keys("<Ctrl-u>cpu_pol");
    assert!(looks(&world).is_empty());
    // Names of databases are known.
    for (text, first) in [("db=", "api"), ("mapped=", "cell1"), ("twin=", "equal")] {
        world.keys(&format!("<Ctrl-u>{text}"));
        assert_eq!(offered(&world).first().map(|(text, _)| text.as_str()), Some(first), "{text}");
    }
    assert!(looks(&world).is_empty());
}

#[test]
fn what_was_seen_late_is_dropped() {
    let mut world = started();
    let sample = |text: &str| Sample { texts: vec![(text.into(), 7)], is_whole: false };
    let answer = |request, text: &str| Msg::Sampled { request, database: api(), samples: vec![sample(text)] };
    world.keys("/instance.host=");
    let (old, ..) = looks(&world)[0];
    world.send(answer(old, "late"));
    assert!(offered(&world).iter().all(|(text, _)| text != "late"), "answered already");
    let Model { seen, requests, .. } = &mut world.model;
    let subjects = vec![Subject::Values(parse_field("instance.node").unwrap())];
    let first = seen.ask(subjects.clone(), &[api()], requests);
    assert!(first.is_some() && seen.ask(subjects.clone(), &[api()], requests).is_none(), "under way");
    let other = seen.ask(vec![Subject::Keys("hint")], &[api()], requests);
    let request = |effect: &Option<Effect>| match effect {
        Some(Effect::Sample { request, .. }) => *request,
        other => panic!("{other:?}"),
    };
    assert!(!seen.answered(request(&first), &api(), vec![sample("node")]), "given up");
    assert!(seen.answered(request(&other), &api(), vec![sample("key")]));
    assert!(seen.of(&subjects[0], &[api()]).0.is_empty());
    assert_eq!(seen.of(&Subject::Keys("hint"), &[api()]).0.get("key"), Some(&7));
    assert!(seen.ask(subjects, &[api()], requests).is_some(), "it was not answered");
    // No more is kept than can be offered.
    for number in 0..60 {
        let subject = Subject::Values(parse_field(&format!("$.a{number}")).unwrap());
        let asked = seen.ask(vec![subject], &[api()], requests);
        assert!(seen.answered(request(&asked), &api(), vec![sample("x")]));
    }
    let kept = (0..60).filter(|number| {
        let subject = Subject::Values(parse_field(&format!("$.a{number}")).unwrap());
        !seen.of(&subject, &[api()]).0.is_empty()
    });
    assert_eq!(kept.collect::<Vec<_>>(), (10..60).collect::<Vec<_>>());
}

#[test]
fn the_history_goes_up() {
    let mut world = started();
    world.keys("/<Up>");
    assert_eq!(query(&world).as_deref(), Some("flavor~^m1"));
    world.keys("<Up><Enter>");
    assert_eq!(query(&world).as_deref(), Some("vcpus>=8"));
    world.keys("/<Esc>");
    assert_eq!(world.model.settings.history.last().map(String::as_str), Some("vcpus>=8"));
}

#[test]
fn pasted_queries_run() {
    let mut world = started();
    world.keys("/");
    world.send(Msg::Paste("az=az1\n".to_owned()));
    assert_eq!(query(&world).as_deref(), Some("az=az1"));
}

#[test]
fn any_field_sorts() {
    let mut world = started();
    world.keys("sflavor<Enter>");
    assert_eq!(order(&world), ("flavor".to_owned(), false));
    world.keys("s<Tab><Enter>");
    assert_eq!(order(&world), ("flavor".to_owned(), true), "the present one, the other way");
    world.keys("/vcpus>=4<Enter>:sort -vcpus<Enter>");
    assert_eq!(order(&world), ("vcpus".to_owned(), true));
    assert_eq!(hits(&world, 0), Some(49));
    world.keys("s<Esc>");
    assert_eq!(order(&world), ("vcpus".to_owned(), true));
}

#[test]
fn columns_are_chosen_shown_and_kept() {
    let mut world = started();
    // az and flavor are turned off, the uuid carried down.
    world.keys("Cj  kJ<Enter>");
    let names: Vec<_> = world.model.columns.iter().flat_map(|all| all.iter()).map(|one| &*one.name).collect();
    assert_eq!(names[..2], ["vcpus", "uuid"]);
    assert!(!names.contains(&"az") && !names.contains(&"flavor"));
    let kept = asked(&world, |effect| match effect {
        Effect::SaveColumns { environment, columns } => Some((environment.clone(), columns.clone())),
        _ => None,
    });
    assert_eq!((kept[0].0.as_str(), kept[0].1.len()), ("demo", 8));
    assert!(world.text().contains("VCPU  INSTANCE"), "{}", world.text());
    world.effects.clear();
    world.keys("C<Enter>");
    assert!(world.effects.is_empty(), "left as they are");
    world.keys(":columns auto<Enter>");
    assert!(world.model.columns.is_none() && world.model.panes.iter().all(|pane| pane.columns.is_empty()));
}

#[test]
fn kept_columns_are_there_from_the_start() {
    let columns = ["vcpus", "no such field=", "extra.hw:cpu_policy"].map(str::to_owned).to_vec();
    let mut world = started();
    world.model = Model::new(Setup {
        environment: "demo".to_owned(),
        colour: None,
        environments: Vec::new(),
        settings: Settings { columns, ..Settings::default() },
        notices: Vec::new(),
        databases: vec![place(&api()), place(&cell("cell1"))],
        writing: false,
        read_only: None,
        size: (120, 36),
        now: NOW,
    });
    world.send(Msg::Start);
    assert!(world.text().contains("VCPU  extra.hw:cpu_policy"), "{}", world.text());
}

#[test]
fn values_are_counted_and_narrow_the_query() {
    let mut world = started();
    world.keys("/vcpus>=4<Enter>F<Enter>j<Enter>");
    let query = query(&world).unwrap_or_default();
    assert!(query.starts_with("vcpus>=4 az=az"), "{query}");
    assert_eq!(hits(&world, 0), Some(16));
    assert!(world.model.overlay.is_none());
    let scopes = asked(&world, |effect| match effect {
        Effect::Facet { databases, query, fields, .. } => {
            Some((databases.clone(), query.text.clone(), fields.len()))
        }
        _ => None,
    });
    assert_eq!(scopes, [(vec![api()], "vcpus>=4".to_owned(), 1)], "those of the pane with the focus");
}

fn facet_request(world: &World) -> RequestId {
    let requests = asked(world, |effect| match effect {
        Effect::Facet { request, .. } => Some(*request),
        _ => None,
    });
    *requests.last().expect("counted")
}

#[test]
fn counts_that_nobody_waits_for_are_dropped() {
    let mut world = started();
    world.hold = true;
    world.keys(":facet az<Enter>");
    let old = facet_request(&world);
    let stopped = |world: &World| {
        asked(world, |effect| (*effect == Effect::StopFacet { request: old }).then_some(())).len()
    };
    assert_eq!(stopped(&world), 0);
    world.keys("<Esc>:facet flavor<Enter>");
    assert_eq!(stopped(&world), 1);
    let counts = Counts { rows: 7, ..Counts::default() };
    let answer = |request| Msg::Facets { request, database: api(), result: Ok(Arc::new(counts.clone())) };
    world.send(answer(old));
    let rows = |world: &World| match &world.model.overlay {
        Some(Overlay::Facets(facets)) => facets.counts.rows,
        _ => 0,
    };
    assert_eq!(rows(&world), 0);
    let new = facet_request(&world);
    world.send(answer(new));
    world.send(answer(new));
    assert_eq!(rows(&world), 7, "each database counts once");
}

#[test]
fn a_database_that_cannot_count_is_named() {
    let mut world = started();
    world.keys("<Tab>a");
    world.hold = true;
    world.keys(":facet az<Enter>");
    let request = facet_request(&world);
    let failed = |database: DatabaseName| Msg::Facets {
        request,
        database,
        result: Err(Failure::Down("the server has gone away".to_owned())),
    };
    world.send(failed(cell("cell2")));
    assert!(world.text().contains("cell2 is not counted: the server has gone away"), "{}", world.text());
    assert!(world.text().contains("counting"), "cell1 has not answered");
}

#[test]
fn queries_are_saved_run_and_deleted() {
    let mut world = started();
    world.keys("Q<Enter>");
    assert_eq!(query(&world).as_deref(), Some("az=az1 vcpus>=4"));
    world.keys("/ bfv<Enter>:keep mine<Enter>");
    let saved = asked(&world, |effect| match effect {
        Effect::SaveQuery { name, text, replace: false } => Some((name.clone(), text.clone())),
        _ => None,
    });
    assert_eq!(saved, [("mine".to_owned(), "az=az1 vcpus>=4 bfv".to_owned())]);
    world.keys("QGDD<Esc>");
    assert!(world.effects.contains(&Effect::DeleteQuery { name: "mine".to_owned() }));
    assert_eq!(world.model.settings.queries.len(), 2);
    world.keys("<Esc>:keep other<Enter>");
    assert!(toasts(&world).contains("no query is set"), "{}", toasts(&world));
}

#[test]
fn another_query_of_that_name_is_asked_about() {
    let mut world = started();
    let saved = |world: &World| {
        asked(world, |effect| match effect {
            Effect::SaveQuery { text, replace, .. } => Some((text.clone(), *replace)),
            _ => None,
        })
    };
    world.keys("/vcpus>=8<Enter>:keep pinned<Enter>");
    assert!(world.text().contains("there is another pinned: y replaces it"), "{}", world.text());
    world.keys("n<Esc>");
    assert!(saved(&world).is_empty());
    assert_eq!(world.model.settings.saved("pinned"), Some("az=az1 vcpus>=4"));
    world.keys("Qspinned<Enter>y<Esc>");
    assert_eq!(saved(&world), [("vcpus>=8".to_owned(), true)]);
    assert_eq!(world.model.settings.saved("pinned"), Some("vcpus>=8"));
    assert!(world.model.overlay.is_none());
}

#[test]
fn a_query_of_another_session_is_asked_about_too() {
    let mut world = started();
    world.kept = Some(vec![("theirs".to_owned(), "bfv".to_owned())]);
    world.keys("/vcpus>=8<Enter>:keep theirs<Enter>");
    assert!(world.text().contains("there is another theirs"), "{}", world.text());
    assert_eq!(world.model.settings.saved("theirs"), Some("bfv"), "what is there");
    world.keys("y<Esc>");
    let told = Effect::SaveQuery { name: "theirs".to_owned(), text: "vcpus>=8".to_owned(), replace: true };
    assert!(world.effects.contains(&told));
    // The list has what the file has now.
    world.kept = Some(vec![("new".to_owned(), "az".to_owned())]);
    world.keys("Q");
    assert_eq!(world.model.settings.queries, [("new".to_owned(), "az".to_owned())]);
}

#[test]
fn a_word_that_is_no_command_changes_nothing() {
    let mut world = started();
    world.keys(":foo<Enter>");
    assert!(world.text().contains("no command foo: / searches for a text"), "{}", world.text());
    assert_eq!((query(&world), hits(&world, 0)), (None, None));
    world.keys("<Esc>:save pinned<Enter>");
    assert!(world.text().contains("no command save pinned"), "{}", world.text());
}

#[test]
fn the_list_is_written_to_a_file() {
    let mut world = started();
    world.keys("/vcpus>=4<Enter>:export ~/hits.csv<Enter>");
    let written = asked(&world, |effect| match effect {
        Effect::Export { query, format, path, columns, .. } => {
            Some((query.text.clone(), *format, path.clone(), columns.len()))
        }
        _ => None,
    });
    assert_eq!(written, [("vcpus>=4".to_owned(), Format::Csv, "~/hits.csv".to_owned(), 10)]);
    assert!(toasts(&world).contains("49 rows written to ~/hits.csv"), "{}", toasts(&world));
    world.keys("X<Tab><Enter>");
    assert!(toasts(&world).contains("49 rows written to ~/specs-demo.csv"), "{}", toasts(&world));
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_told() {
    let mut world = started();
    world.keys(":export there.csv<Enter>");
    assert!(matches!(&world.model.overlay, Some(Overlay::Export(prompt)) if prompt.error.is_some()));
    world.keys("<Ctrl-o>");
    assert!(world.model.overlay.is_none());
    assert!(toasts(&world).contains("100 rows written to there.csv"), "{}", toasts(&world));
}

#[test]
fn one_file_is_written_at_a_time() {
    let mut world = started();
    world.hold = true;
    world.keys(":export a.csv<Enter>:export b.csv<Enter>");
    assert!(toasts(&world).contains("a.csv is still being written"), "{}", toasts(&world));
    assert_eq!(asked(&world, |effect| matches!(effect, Effect::Export { .. }).then_some(())).len(), 1);
}

#[test]
fn a_text_that_is_no_command_runs_as_a_query() {
    let mut world = started();
    world.keys(":az=az2<Enter>");
    assert_eq!(query(&world).as_deref(), Some("az=az2"));
    world.keys(":where flavr=m1<Enter>");
    assert!(matches!(world.model.overlay, Some(Overlay::Palette(_))), "its reason is read there");
}

#[test]
fn a_query_that_cannot_be_read_is_not_lost() {
    let mut world = started();
    world.model.settings.save("wrong", "flavr=m1");
    world.keys("QG<Enter>");
    let bar = world.model.typing.as_ref().expect("typed");
    assert!(bar.text() == "flavr=m1" && bar.error.is_some());
}

/// How often lists were read anew: not what was read beside what is held.
fn readings(world: &World) -> usize {
    let anew = |effect: &Effect| match effect {
        Effect::LoadPage { page, .. } => matches!(page.from, PageFrom::Start | PageFrom::At(_)).then_some(()),
        _ => None,
    };
    asked(world, anew).len()
}

#[test]
fn lists_are_read_anew_by_themselves() {
    let mut world = started();
    world.keys("jjjA");
    world.effects.clear();
    world.pass(4);
    assert_eq!(readings(&world), 0);
    world.changed_by_others();
    world.pass(1);
    assert_eq!(readings(&world), 2, "both panes");
    let news = &world.model.refreshing.news[0];
    assert_eq!(news.counts(), (1, 1, 1));
    assert_eq!(news.marked(Mark::Appeared).len(), 1);
    assert_eq!(&*news.vanished[0].1, uuid(2).as_str());
    assert_eq!(world.selected(), uuid(4), "the cursor stays on its row");
    assert!(world.text().contains("1 vanished · 4 of"), "{}", world.text());
    world.pass(15);
    assert_eq!(world.model.refreshing.news[0].counts(), (1, 1, 1), "until a reading brings something");
    world.keys("V");
    assert!(world.text().contains("15 s ago"), "{}", world.text());
    world.keys("<Esc>");
    world.rows(&api()).retain(|row| row.id != 3);
    world.pass(5);
    assert_eq!(world.model.refreshing.news[0].counts(), (0, 0, 1));
    world.keys("V");
    let text = world.text();
    assert!(text.contains("now") && text.contains("20 s ago"), "{text}");
    world.keys("<Esc>AA");
    world.effects.clear();
    world.pass(60);
    assert_eq!((world.model.refreshing.every, readings(&world)), (None, 0));
}

#[rstest::rstest]
#[case("/az")]
#[case("s")]
#[case("?")]
#[case("e")]
#[case(":")]
fn nothing_is_read_anew_while_something_is_open(#[case] keys: &str) {
    let mut world = started();
    world.keys(":refresh 5<Enter>");
    world.keys(keys);
    world.effects.clear();
    world.pass(20);
    assert_eq!(readings(&world), 0);
    world.keys("<Esc><Esc>");
    world.pass(1);
    assert!(readings(&world) > 0);
}

#[test]
fn nothing_is_read_anew_while_the_last_reading_runs() {
    let mut world = started();
    world.keys(":refresh 5<Enter>");
    world.slow.extend([api()]);
    world.effects.clear();
    world.pass(30);
    assert_eq!(readings(&world), 2);
    world.release();
    world.pass(4);
    assert_eq!(readings(&world), 2, "counted from its end");
    world.pass(1);
    assert_eq!(readings(&world), 4);
}

#[test]
fn a_search_is_read_anew_with_its_position() {
    let mut world = started();
    world.keys("/vcpus>=8<Enter>jjA");
    let there = world.selected();
    world.rows(&api()).retain(|row| *row.uuid != *uuid(3 + 4));
    world.pass(6);
    assert_eq!(world.selected(), there);
    assert_eq!(hits(&world, 0), Some(23));
    let vanished = &world.model.refreshing.news[0].vanished;
    assert_eq!(vanished.iter().map(|(_, uuid)| uuid.to_string()).collect::<Vec<_>>(), [uuid(7)]);
}

#[test]
fn a_pinned_pane_is_marked_and_keeps_its_list() {
    let mut world = started();
    world.keys("P/vcpus>=8<Enter>");
    assert!(world.text().contains("pinned") && world.model.panes[0].pinned);
    assert_eq!((hits(&world, 0), hits(&world, 1)), (None, Some(10)));
    world.keys("P");
    assert_eq!(hits(&world, 0), Some(24), "it follows again");
}

#[test]
fn settings_that_were_not_kept_are_told() {
    let mut world = started();
    world.send(Msg::Settings("/etc/reqspec.toml is read-only".to_owned()));
    assert!(toasts(&world).contains("read-only"));
}

#[test]
fn the_wheel_goes_through_choices() {
    use crossterm::event::{KeyModifiers, MouseEvent, MouseEventKind};
    let mut world = started();
    let wheel = |kind| MouseEvent { kind, column: 60, row: 10, modifiers: KeyModifiers::NONE };
    world.keys(":facet flavor<Enter>");
    for _ in 0..9 {
        world.send(Msg::Mouse(wheel(MouseEventKind::ScrollDown)));
    }
    let chosen = |world: &World| match &world.model.overlay {
        Some(Overlay::Facets(facets)) => facets.chosen,
        other => panic!("{other:?}"),
    };
    assert_eq!(chosen(&world), 4, "the last one");
    world.send(Msg::Mouse(wheel(MouseEventKind::ScrollUp)));
    assert_eq!(chosen(&world), 1);
}
