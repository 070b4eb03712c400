//! The life of a spec as the blueprint "Persist RequestSpec object" tells it.

use crate::world::{UUID, World, spec};

#[test]
fn a_spec_lives_in_the_api_database_until_its_instance_has_a_cell() {
    let world = World::with_mappings();
    let file = world.directory().join("new.json");
    std::fs::write(&file, crate::world::SPEC).unwrap();

    // Saved in the API database before its instance is scheduled, and shown from there.
    world.run(&["create", "new.json", "--yes"]).ok();
    assert_eq!(world.stored("api", UUID).as_deref(), Some(spec()));
    assert!(world.run(&["show", UUID]).ok().contains("stored    api (row 1"));

    // A mapping without a cell: not scheduled, so there is nowhere to go.
    world.map(UUID, None);
    world.run(&["move", UUID, "--to", "cell1", "--yes"]).fails(5);
    let out = world.run(&["move", "--scheduled", "--yes"]);
    assert!(out.fails(0).contains("no spec to change"), "{}", out.err());
    assert_eq!(world.holders(UUID), ["api"]);

    // Scheduled to cell1: another cell is refused, its own takes it.
    world.map(UUID, Some(2));
    world.run(&["move", UUID, "--to", "cell2", "--yes"]).fails(5);
    let out = world.run(&["move", "--scheduled", "--yes"]).ok();
    assert!(out.starts_with("1 of 1 operation done\n"), "{out}");
    assert_eq!(world.holders(UUID), ["cell1"]);
    assert_eq!(world.stored("cell1", UUID).as_deref(), Some(spec()));

    // Shown and edited where it is.
    assert!(world.run(&["show", UUID]).ok().contains("stored    cell1 (row 1"));
    world.run(&["edit", UUID, "--set", "availability_zone=az2", "--yes"]).ok();
    let edited = spec().replace(r#""availability_zone": "az1""#, r#""availability_zone": "az2""#);
    assert_eq!(world.stored("cell1", UUID), Some(edited.clone()));

    // And back, out of its home: said, and done.
    let ran = world.run(&["move", UUID, "--to", "api", "--yes"]);
    ran.ok();
    assert!(ran.err().contains("belong in their cell, cell1"), "{}", ran.err());
    assert_eq!(world.holders(UUID), ["api"]);
    assert_eq!(world.stored("api", UUID), Some(edited));
}
