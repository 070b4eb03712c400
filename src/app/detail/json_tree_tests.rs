//! Movement, folding and what rows say.

use super::*;
