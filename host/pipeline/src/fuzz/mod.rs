//! What reads texts of others, and what decides on authority, tried on values that nobody
//! thought of and held against slow, obvious models.

mod bounded;
mod expression;
mod image;
mod permission;
mod yaml;
