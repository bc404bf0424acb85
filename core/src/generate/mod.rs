//! What is made of the tables of facts: reference pages in Markdown, and a JSON Schema for editors.
//!
//! Plain functions: the same tables give the same text, always.

pub mod pages;
pub mod schema;
#[cfg(test)]
mod tests;
mod words;
