//! Tests of update: messages in, model and effects out.
