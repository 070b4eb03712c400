//! Copies and moves: exact bytes from one database to another.

use crate::spec::text::named;
use std::sync::Arc;

use super::Preparation;
use crate::change::{DatabaseName, Operation, Plan, Refusal, Severity};
use crate::store::StoredSpec;

impl Preparation<'_> {
    pub(super) async fn plan_copy(
        mut self,
        from: &DatabaseName,
        to: &DatabaseName,
        instance_uuid: &Arc<str>,
        replace: bool,
    ) -> Result<Plan, Refusal> {
        let (source, there) = self.both(from, to, instance_uuid).await?;
        let replaces = match there {
            Some(row) if row.spec == source.spec => {
                return Err(Refusal::NothingToDo(format!(
                    "{to} holds exactly the same spec of {instance_uuid} already",
                    instance_uuid = named(instance_uuid)
                )));
            }
            Some(row) if !replace => {
                return Err(Refusal::Conflict {
                    reason: format!(
                        "{to} holds a different spec of {instance_uuid}. Compare the two; \
                         a copy with --replace puts that of {from} over it",
                        instance_uuid = named(instance_uuid)
                    ),
                    current: Some(row.spec),
                });
            }
            Some(row) => {
                self.danger(
                    to.to_string(),
                    format!("The different spec that {to} holds is overwritten with that of {from}."),
                );
                Some(row.spec)
            }
            None => None,
        };
        self.check_cell(to)?;
        self.text_to_carry(&source.spec, from, instance_uuid)?;
        Ok(self.plan(Operation::Copy {
            from: from.clone(),
            to: to.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            text: source.spec,
            replaces,
        }))
    }

    pub(super) async fn plan_move(
        mut self,
        from: &DatabaseName,
        to: &DatabaseName,
        instance_uuid: &Arc<str>,
    ) -> Result<Plan, Refusal> {
        let (source, there) = self.both(from, to, instance_uuid).await?;
        let operation = self.judged_move(from, to, instance_uuid, source.spec, there.map(|row| row.spec))?;
        Ok(self.plan(operation))
    }

    /// The move of a text that stands in `from`; `there` is what stands in `to`.
    pub(super) fn judged_move(
        &mut self,
        from: &DatabaseName,
        to: &DatabaseName,
        instance_uuid: &Arc<str>,
        text: Arc<[u8]>,
        there: Option<Arc<[u8]>>,
    ) -> Result<Operation, Refusal> {
        let already_there = match there {
            Some(other) if other == text => true,
            Some(other) => {
                return Err(Refusal::Conflict {
                    reason: format!(
                        "{from} and {to} hold different specs of {instance_uuid}, and there is no automatic \
                         winner. Compare the two, then copy one over the other, or delete one",
                        instance_uuid = named(instance_uuid)
                    ),
                    current: Some(other),
                });
            }
            None => false,
        };
        self.check_cell(to)?;
        self.warn_of_state();
        match from {
            DatabaseName::Api => self.warn_of_leaving_api(to.to_string()),
            DatabaseName::Cell(cell) => self.warn_of_leaving_cell(cell),
        }
        if already_there {
            self.warn(
                Severity::Notice,
                format!(
                    "{to} holds exactly this spec already (a copy, or a move that was interrupted): \
                     only the row in {from} is left to delete."
                ),
            );
        } else {
            self.text_to_carry(&text, from, instance_uuid)?;
        }
        Ok(Operation::Move {
            from: from.clone(),
            to: to.clone(),
            instance_uuid: Arc::clone(instance_uuid),
            text,
            already_there,
        })
    }

    async fn both(
        &self,
        from: &DatabaseName,
        to: &DatabaseName,
        instance_uuid: &str,
    ) -> Result<(StoredSpec, Option<StoredSpec>), Refusal> {
        if from == to {
            return Err(Refusal::NothingToDo(format!("{from} is both the source and the destination")));
        }
        if self.is_same_database(from, to) {
            return Err(Refusal::Refused {
                reason: format!(
                    "{from} and {to} are one and the same database: there is nothing to copy or move. \
                     Check the URLs they were given"
                ),
                forceable: false,
            });
        }
        let source = self.source(from, instance_uuid).await?;
        Ok((source, self.destination(to, instance_uuid).await?))
    }
}
