//! nova's RequestSpec object: whichever database the context targets is the one that is meant.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something is wrong")]

mod support;

use std::sync::Arc;

use reqspec::spec::Document;
use reqspec::store::{Access, ObjectError, RequestContext, RequestSpec, StoreError};
use support::{Cloud, block_on, spec, spec_in_zone, uuid};

fn document(text: &str) -> Document {
    Document::parse_str(text).unwrap()
}

#[test]
fn the_context_decides_where_a_spec_is_stored() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let context = RequestContext::new(cloud.stores(Access::ReadWrite));
    let in_cell = context.target_cell("c1");
    block_on(async {
        // Before it is scheduled, in the API database.
        let mut before = RequestSpec::new(&id, document(&spec(&id)));
        before.create(&context).await.unwrap();
        assert_eq!((cloud.text("api", &id), cloud.text("c1", &id)), (Some(spec(&id)), None));
        let error = RequestSpec::get_by_instance_uuid(&in_cell, &id).await.unwrap_err();
        assert!(matches!(error, ObjectError::Store(StoreError::NotFound { .. })), "{error:?}");
        let error = before.create(&context).await.unwrap_err();
        assert!(matches!(error, ObjectError::Action { action: "create", .. }), "{error:?}");

        let mut twin = RequestSpec::new(&id, document(&spec(&id)));
        twin.create(&in_cell).await.unwrap();
        twin.set_document(document(&spec_in_zone(&id, "az1")));
        twin.save(&in_cell).await.unwrap();
        assert_eq!(cloud.text("api", &id), Some(spec(&id)));
        assert_eq!(cloud.text("c1", &id), Some(spec_in_zone(&id, "az1")));
        assert!(twin.row().unwrap().updated_at.is_some());

        // What was read in the cell is not what the API database holds.
        twin.set_document(document(&spec_in_zone(&id, "az2")));
        let error = twin.save(&in_cell.target_api()).await.unwrap_err();
        assert!(matches!(error, ObjectError::Store(StoreError::Conflict { .. })), "{error:?}");
        assert_eq!(cloud.text("api", &id), Some(spec(&id)));

        twin.destroy(&in_cell).await.unwrap();
        assert_eq!((cloud.text("api", &id).is_some(), cloud.text("c1", &id)), (true, None));
        let error = twin.save(&in_cell).await.unwrap_err();
        assert!(matches!(error, ObjectError::Action { action: "save", .. }), "{error:?}");
        let nowhere = RequestSpec::get_by_instance_uuid(&context.target_cell("c9"), &id).await.unwrap_err();
        assert!(matches!(nowhere, ObjectError::Store(StoreError::Unavailable { .. })), "{nowhere:?}");
    });
}

#[test]
fn a_save_strips_as_nova_does_and_writes_only_what_changed() {
    let (cloud, id) = (Cloud::new(), uuid(1));
    let old = spec(&id).replace("\"ignore_hosts\": null", "\"ignore_hosts\": [\"cmp1\"]");
    cloud.put("api", &id, old.as_bytes());
    let context = RequestContext::new(cloud.stores(Access::ReadWrite));
    block_on(async {
        let mut read = RequestSpec::get_by_instance_uuid(&context, &id).await.unwrap();
        let row = read.row().unwrap().clone();
        read.save(&context).await.unwrap();
        assert_eq!(read.row(), Some(&row), "nothing was changed, but something written");
        assert_eq!(cloud.text("api", &id), Some(old.clone()));

        read.set_document(document(
            &old.replace("\"availability_zone\": null", "\"availability_zone\": \"az1\""),
        ));
        read.save(&context).await.unwrap();
        assert_eq!(cloud.text("api", &id), Some(spec_in_zone(&id, "az1")));
        assert_eq!(read.document().text(), spec_in_zone(&id, "az1"));
        assert_ne!(read.row().unwrap().updated_at, row.updated_at);

        read.set_document(document(&spec(&id).replace("\"extra_specs\": {}", "\"extra_specs\": null")));
        let error = read.save(&context).await.unwrap_err();
        assert!(
            matches!(&error, ObjectError::Unloadable { problems, .. } if problems.contains("extra_specs"))
        );
        assert_eq!(cloud.text("api", &id), Some(spec_in_zone(&id, "az1")));
    });
}

#[test]
fn one_malformed_row_spoils_no_other() {
    let cloud = Cloud::new();
    cloud.put("c1", &uuid(1), spec_in_zone(&uuid(1), "of-the-cell").as_bytes());
    cloud.put("c1", &uuid(2), b"{\"trunc");
    // The context targets the cell: the API database's rows are not meant.
    cloud.put("api", &uuid(1), spec(&uuid(1)).as_bytes());
    cloud.put("api", &uuid(3), spec(&uuid(3)).as_bytes());
    let context = RequestContext::new(cloud.stores(Access::ReadOnly)).target_cell("c1");
    let wanted: Vec<Arc<str>> = [1, 2, 3].map(|number| uuid(number).into()).to_vec();
    let found = block_on(RequestSpec::get_by_instance_uuids(&context, &wanted)).unwrap();
    assert_eq!(found.len(), 2);
    let (good, bad): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
    assert_eq!(&**good[0].as_ref().unwrap().instance_uuid(), uuid(1));
    assert_eq!(good[0].as_ref().unwrap().document().text(), spec_in_zone(&uuid(1), "of-the-cell"));
    let error = bad[0].as_ref().unwrap_err().to_string();
    assert!(error.contains(&uuid(2)), "{error}");
}
