//! The module's exports: one buffer in linear memory, through which arguments and answers pass.
//!
//! The caller asks for the buffer at a length, writes the arguments, calls, and reads the answer from where the buffer is then. The buffer is
//! an ordinary vector, so nothing here dereferences a pointer. What the lint refuses is the unmangled name of an export, which has to be
//! unique in the module; the prefix makes it so.
#![allow(unsafe_code)]

use std::sync::{Mutex, MutexGuard, PoisonError};

static BUFFER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn buffer() -> MutexGuard<'static, Vec<u8>> {
    BUFFER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the buffer this long and says where it is. The caller writes the arguments there.
#[no_mangle]
pub extern "C" fn ballast_buffer(length: usize) -> *mut u8 {
    let mut buffer = buffer();
    buffer.clear();
    buffer.resize(length, 0);
    buffer.as_mut_ptr()
}

/// Calls a function with the arguments in the buffer, puts the answer there and says how long it is.
#[no_mangle]
pub extern "C" fn ballast_call(function: u32) -> usize {
    let mut buffer = buffer();
    *buffer = crate::call(function, &buffer);
    buffer.len()
}

/// Where the answer is.
#[no_mangle]
pub extern "C" fn ballast_answer() -> *const u8 {
    buffer().as_ptr()
}
