//! Arguments and answers as bytes: little-endian integers, lists and texts behind their length as `u32`.

use crate::Refused;
use bytemuck::AnyBitPattern;

/// Reads arguments.
pub struct Reader<'a>(&'a [u8]);

macro_rules! integers {
    ($($name:ident: $type:ty),*) => {
        impl Reader<'_> {
            $(
                #[doc = concat!("The next `", stringify!($type), "`.")]
                pub fn $name(&mut self) -> Result<$type, Refused> {
                    self.array().map(<$type>::from_le_bytes)
                }
            )*
        }

        impl Writer {
            $(
                #[doc = concat!("Adds a `", stringify!($type), "`.")]
                pub fn $name(&mut self, value: $type) {
                    self.raw(&value.to_le_bytes());
                }
            )*
        }
    };
}

integers!(byte: u8, u16: u16, u32: u32, i32: i32, u64: u64, i64: i64, u128: u128, i128: i128);

impl<'a> Reader<'a> {
    /// Reads from these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Refused> {
        let (taken, rest) =
            self.0.split_at_checked(count).ok_or_else(|| Refused::input("the arguments end too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// Bytes behind their length.
    pub fn block(&mut self) -> Result<&'a [u8], Refused> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    /// A plain structure in its own layout.
    pub fn plain<T: AnyBitPattern>(&mut self) -> Result<T, Refused> {
        Ok(bytemuck::pod_read_unaligned(self.take(size_of::<T>())?))
    }

    /// A list behind its length.
    pub fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Refused>,
    ) -> Result<Vec<T>, Refused> {
        let count = self.u32()?;
        (0..count).map(|_| read(self)).collect()
    }

    /// Refuses bytes beyond the last argument.
    pub fn end(&self) -> Result<(), Refused> {
        match self.0 {
            [] => Ok(()),
            _ => Err(Refused::input("there are bytes beyond the last argument")),
        }
    }
}

/// Writes an answer.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Adds bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Adds a yes or no.
    pub fn flag(&mut self, value: bool) {
        self.byte(u8::from(value));
    }

    /// Adds a text behind its length.
    pub fn text(&mut self, text: &str) {
        self.u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.raw(text.as_bytes());
    }

    /// Adds a list behind its length.
    pub fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.u32(u32::try_from(items.len()).unwrap_or(u32::MAX));
        for item in items {
            write(self, item);
        }
    }

    /// Adds 1 and a value, or 0.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// All of it.
    pub fn bytes(self) -> Vec<u8> {
        self.0
    }
}
