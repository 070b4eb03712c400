//! A server group that a save sets: nova reads it afresh from `instance_groups` of the API database
//! by its uuid on each load (nova/objects/request_spec.py, _from_db_object), and keeps its members
//! in `instance_group_member`.

use super::Preparation;
use super::text::word_for;
use crate::change::{DatabaseName, Refusal, Severity};
use crate::spec::Document;
use crate::spec::text::named;
use crate::store::SqlValue;

/// The server group that a save sets: what the text after names and the text before does not.
pub(super) fn newly_named(before: &[u8], after: &[u8]) -> Option<String> {
    group_of(after).filter(|group| group_of(before).as_ref() != Some(group))
}

impl Preparation<'_> {
    /// Whether the group is there; None where that cannot be told.
    pub(super) async fn has_group(&self, group: &str) -> Option<bool> {
        let sql = "SELECT uuid FROM instance_groups WHERE uuid = ?";
        let api = self.stores.get(&DatabaseName::Api)?;
        let rows = api.select(sql, &[SqlValue::Text(group.to_owned())], 1).await.ok()?;
        Some(!rows.is_empty())
    }

    /// Refuse a group that is not there, unless forced; say what a save does not do.
    pub(super) fn check_group(
        &mut self,
        database: &DatabaseName,
        instance_uuid: &str,
        group: &str,
        exists: Option<bool>,
    ) -> Result<(), Refusal> {
        match exists {
            Some(false) => self.refuse_unless_forced(
                word_for(database, instance_uuid),
                format!(
                    "instance_group.uuid: there is no server group {group} in instance_groups: nova would load \
                     the spec without a group, and without its hint."
                ),
            )?,
            Some(true) => {}
            None => self.warn(
                Severity::Warning,
                format!("Whether the server group {group} exists could not be checked: no instance_groups."),
            ),
        }
        self.warn(
            Severity::Notice,
            format!(
                "This makes {instance_uuid} no member of the server group {group}: the members stand in \
                 nova's table instance_group_member.",
                instance_uuid = named(instance_uuid)
            ),
        );
        Ok(())
    }
}

fn group_of(text: &[u8]) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let uuid = document.root().field("instance_group")?.field("uuid")?;
    uuid.as_str().map(Into::into)
}
