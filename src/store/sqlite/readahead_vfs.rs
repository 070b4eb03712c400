//! SQLite's own way to the file system, but for reads of a database file: they go by way of [`Ahead`].
//!
//! SQLite calls a file through a table of C functions. Those here pass everything on to the functions of
//! the usual table, forget what was read ahead where a lock changes hands or something is written, and
//! answer reads from it in between: in rollback mode nobody writes to the file while a shared lock is
//! held; in WAL mode a page that a snapshot reads from the file, and not from the log, stays as it is
//! while the snapshot's mark is held; a frozen file is watched by whoever opened it so. Journals, logs
//! and temporary files are the usual ones, and no file is opened twice: closing one would drop the locks
//! of the other.
//!
//! Imports `readahead`.

#![allow(unsafe_code, reason = "SQLite calls a file through C functions")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi;

use super::readahead::{Ahead, File};

const NAME: &CStr = c"reqspec-readahead";

/// The name to open connections with; None where SQLite does not take it: the usual way does, too.
pub(super) fn name() -> Option<&'static CStr> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    REGISTERED.get_or_init(register).then_some(NAME)
}

fn register() -> bool {
    // SAFETY: asks for the usual VFS, which is there for as long as the program.
    let usual = unsafe { ffi::sqlite3_vfs_find(c"unix".as_ptr()) };
    if usual.is_null() {
        return false;
    }
    // SAFETY: it is not null, so it points to a whole table, which nobody changes but for `pNext`.
    let mut own = unsafe { *usual };
    let Ok(header) = c_int::try_from(size_of::<Opened>()) else { return false };
    // Version 2 ends before the functions that replace system calls. All but xOpen are the usual ones:
    // those of "unix" do not look at the table that they are called through.
    own.iVersion = own.iVersion.min(2);
    own.szOsFile += header;
    own.pNext = ptr::null_mut();
    own.zName = NAME.as_ptr();
    own.pAppData = usual.cast();
    own.xOpen = Some(open);
    // SAFETY: the table is leaked, so it is there for as long as the program, and nobody else has it.
    unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(own)), 0) == ffi::SQLITE_OK }
}

/// A database file as SQLite holds it: the usual file follows in the same piece of memory.
#[repr(C)]
struct Opened {
    base: ffi::sqlite3_file,
    /// Made by [`open`], taken back by [`close`].
    ahead: *mut Ahead,
}

// The usual file must be aligned as SQLite aligns what it allocates.
const _: () = assert!(size_of::<Opened>().is_multiple_of(8) && align_of::<Opened>() <= 8);

/// The usual file behind one of this module.
///
/// # Safety
/// `file` was allocated by SQLite for this module's VFS.
unsafe fn usual(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite allocates `szOsFile` bytes: an `Opened` and a usual file.
    unsafe { file.cast::<Opened>().add(1).cast() }
}

/// What is kept of a file.
///
/// # Safety
/// `file` was opened by [`open`] with [`METHODS`] and is not closed, and no other reference to what is
/// kept of it lives: SQLite calls a file from one thread at a time, and none of its functions from
/// within another.
unsafe fn ahead<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Ahead {
    // SAFETY: `open` made it before it gave the file these methods.
    unsafe { &mut *(*file.cast::<Opened>()).ahead }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    given: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes the table that `register` made, whose `pAppData` is the usual one, and memory
    // for an `Opened` and a usual file; what else it passes goes to the usual function as it is.
    unsafe {
        let below = (*vfs).pAppData.cast::<ffi::sqlite3_vfs>();
        let Some(usual_open) = (*below).xOpen else { return ffi::SQLITE_CANTOPEN };
        if flags & ffi::SQLITE_OPEN_MAIN_DB == 0 {
            return usual_open(below, path, file, flags, given);
        }
        (*file).pMethods = ptr::null();
        let behind = usual(file);
        let code = usual_open(below, path, behind, flags, given);
        // Whoever sets methods is closed, even where opening failed.
        if !(*behind).pMethods.is_null() {
            (*file.cast::<Opened>()).ahead = Box::into_raw(Box::default());
            (*file).pMethods = &METHODS;
        }
        code
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once, and calls none of its functions after that.
    unsafe {
        drop(Box::from_raw((*file.cast::<Opened>()).ahead));
        let behind = usual(file);
        (*(*behind).pMethods).xClose.map_or(ffi::SQLITE_OK, |close| close(behind))
    }
}

/// The file behind, for [`Ahead`].
struct Behind(*mut ffi::sqlite3_file);

impl File for Behind {
    fn read(&mut self, into: &mut [u8], offset: u64) -> bool {
        let (Ok(length), Ok(offset)) = (c_int::try_from(into.len()), i64::try_from(offset)) else {
            return false;
        };
        // SAFETY: `read` below holds an open file, and the buffer has that many bytes.
        unsafe {
            let Some(read) = (*(*self.0).pMethods).xRead else { return false };
            read(self.0, into.as_mut_ptr().cast(), length, offset) == ffi::SQLITE_OK
        }
    }

    fn size(&mut self) -> Option<u64> {
        let mut size = 0;
        // SAFETY: as above.
        let code = unsafe { (*(*self.0).pMethods).xFileSize.map(|ask| ask(self.0, &mut size)) };
        if code == Some(ffi::SQLITE_OK) { u64::try_from(size).ok() } else { None }
    }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes a file that `open` opened, and a buffer of that length, which is none of ours.
    unsafe {
        let behind = usual(file);
        if let (Ok(at), Ok(wanted)) = (u64::try_from(offset), usize::try_from(length))
            && let Some(bytes) = ahead(file).bytes(at, wanted, &mut Behind(behind))
        {
            ptr::copy_nonoverlapping(bytes.as_ptr(), into.cast(), bytes.len());
            return ffi::SQLITE_OK;
        }
        match (*(*behind).pMethods).xRead {
            Some(read) => read(behind, into, length, offset),
            None => ffi::SQLITE_IOERR_READ,
        }
    }
}

/// Functions that pass a call on; what was read ahead is forgotten before it, but where
/// `keeping` says that the call changes nothing.
macro_rules! passed_on {
    ($(fn $name:ident = $method:ident($($argument:ident: $kind:ty),*) else $absent:expr $(, $keeping:ident)?;)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $kind)*) -> c_int {
            // SAFETY: SQLite passes a file that `open` opened; what else it passes goes on as it is.
            unsafe {
                passed_on!(@forget file $(, $keeping)?);
                let behind = usual(file);
                match (*(*behind).pMethods).$method {
                    Some(call) => call(behind $(, $argument)*),
                    None => $absent,
                }
            }
        }
    )*};
    (@forget $file:ident, keeping) => {};
    (@forget $file:ident) => { ahead($file).forget() };
}

passed_on! {
    fn write = xWrite(from: *const c_void, length: c_int, offset: ffi::sqlite3_int64) else ffi::SQLITE_IOERR_WRITE;
    fn truncate = xTruncate(size: ffi::sqlite3_int64) else ffi::SQLITE_IOERR_TRUNCATE;
    fn sync = xSync(flags: c_int) else ffi::SQLITE_OK;
    fn file_size = xFileSize(size: *mut ffi::sqlite3_int64) else ffi::SQLITE_IOERR_FSTAT, keeping;
    fn lock = xLock(level: c_int) else ffi::SQLITE_IOERR_LOCK;
    fn unlock = xUnlock(level: c_int) else ffi::SQLITE_IOERR_UNLOCK;
    fn check_reserved_lock = xCheckReservedLock(answer: *mut c_int) else ffi::SQLITE_IOERR_CHECKRESERVEDLOCK;
    fn file_control = xFileControl(operation: c_int, value: *mut c_void) else ffi::SQLITE_NOTFOUND;
    fn sector_size = xSectorSize() else 0, keeping;
    fn device_characteristics = xDeviceCharacteristics() else 0, keeping;
    fn shm_map = xShmMap(page: c_int, size: c_int, extend: c_int, into: *mut *mut c_void) else ffi::SQLITE_IOERR_SHMMAP;
    fn shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int) else ffi::SQLITE_IOERR_SHMLOCK;
    fn shm_unmap = xShmUnmap(delete: c_int) else ffi::SQLITE_OK;
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: as in the functions that pass a call on.
    unsafe {
        let behind = usual(file);
        if let Some(barrier) = (*(*behind).pMethods).xShmBarrier {
            barrier(behind);
        }
    }
}

/// Version 2 ends before the functions for memory maps: none is made.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

#[cfg(test)]
#[path = "readahead_vfs_tests.rs"]
mod tests;
