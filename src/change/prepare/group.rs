//! A server group that a save sets: nova reads it afresh from `instance_groups` of the API database
//! by its uuid on each load (nova/objects/request_spec.py, _from_db_object), and keeps its members
//! in `instance_group_member`.

use super::Preparation;
use super::text::word_for;
use crate::change::{DatabaseName, Refusal, Severity};
use crate::spec::Document;
use crate::spec::text::named;
use crate::store::SqlValue;

impl Preparation<'_> {
    /// Refuse a group that is not there, unless forced; say what a save does not do.
    pub(super) async fn check_group(
        &mut self,
        database: &DatabaseName,
        instance_uuid: &str,
        before: &[u8],
        after: &str,
    ) -> Result<(), Refusal> {
        let Some(group) = group_of(after.as_bytes()).filter(|group| group_of(before).as_ref() != Some(group))
        else {
            return Ok(());
        };
        let sql = "SELECT uuid FROM instance_groups WHERE uuid = ?";
        let found = match self.stores.get(&DatabaseName::Api) {
            Some(api) => api.select(sql, &[SqlValue::Text(group.clone())], 1).await.ok(),
            None => None,
        };
        match found {
            Some(rows) if rows.is_empty() => self.refuse_unless_forced(
                word_for(database, instance_uuid),
                format!(
                    "instance_group.uuid: there is no server group {group} in instance_groups: nova would load \
                     the spec without a group, and without its hint."
                ),
            )?,
            Some(_) => {}
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
