//! Events of insurance.
