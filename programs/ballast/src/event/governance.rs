//! Events of governance.
