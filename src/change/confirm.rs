//! The confirm step. Nothing else makes a [`Confirmed`] plan, and nothing else than a confirmed
//! plan is applied.

use super::bulk::BulkPlan;
use super::plan::Plan;

/// What an operator must do to confirm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Requirement {
    /// Choose the action (the default is Cancel), or give `--yes`.
    #[default]
    Choose,
    /// Type this word: the cell's or environment's name, or the number of specs. On the command
    /// line `--force` beside `--yes` stands for it.
    Type(String),
}

/// What can be confirmed.
pub trait Confirmable {
    /// What an operator must do to confirm it.
    fn requirement(&self) -> &Requirement;
}

impl Confirmable for Plan {
    fn requirement(&self) -> &Requirement {
        &self.requirement
    }
}

impl Confirmable for BulkPlan {
    fn requirement(&self) -> &Requirement {
        BulkPlan::requirement(self)
    }
}

/// A plan that an operator confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed<T>(T);

impl<T> Confirmed<T> {
    /// What was confirmed.
    pub fn get(&self) -> &T {
        &self.0
    }
}

/// An operator's answer to the confirm step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The action was chosen, with what was typed (empty where nothing had to be).
    Confirm {
        /// What was typed.
        typed: String,
    },
    /// `--yes` was given; with `force` also for plans that want a word typed.
    CommandLine {
        /// Whether `--force` was given too.
        force: bool,
    },
    /// Not to be done.
    Cancel,
}

/// A plan waiting for an answer: a [`Plan`] or a [`BulkPlan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation<P = Plan> {
    plan: P,
}

impl<P: Confirmable> Confirmation<P> {
    /// Ask for this plan.
    pub fn new(plan: P) -> Self {
        Self { plan }
    }

    /// The plan that is asked for.
    pub fn plan(&self) -> &P {
        &self.plan
    }

    /// Whether this answer would confirm.
    pub fn accepts(&self, answer: &Answer) -> bool {
        match (self.plan.requirement(), answer) {
            (_, Answer::Cancel) => false,
            (Requirement::Choose, _) | (Requirement::Type(_), Answer::CommandLine { force: true }) => true,
            (Requirement::Type(_), Answer::CommandLine { force: false }) => false,
            (Requirement::Type(word), Answer::Confirm { typed }) => typed.trim() == word,
        }
    }

    /// The confirmed plan, or the confirmation back where the answer does not confirm it.
    ///
    /// # Errors
    /// The confirmation itself, unchanged.
    pub fn answer(self, answer: &Answer) -> Result<Confirmed<P>, Box<Confirmation<P>>> {
        if self.accepts(answer) { Ok(Confirmed(self.plan)) } else { Err(Box::new(self)) }
    }
}
