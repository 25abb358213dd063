//! Network interfaces.

use std::ffi::CStr;
use std::mem::size_of;
use std::ptr;

use libc::{c_char, c_int, c_uint, ifaddrs, sockaddr_ll};

use crate::abi::{Errno, IntoC, Result, uv_interface_address_t};
use crate::base::alloc;

/// Stores an array of the addresses of all interfaces that are up and running at `*addresses`, and its length at
/// `*count`. `uv_free_interface_addresses` takes the array back. If there is no address, the array is NULL.
///
/// Thread-safe. Returns 0, `UV_ENOMEM`, or what the system answered; then the array is NULL and the length 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_interface_addresses(
    addresses: *mut *mut uv_interface_address_t,
    count: *mut c_int,
) -> c_int {
    // SAFETY: the caller gives places for the answers.
    unsafe {
        addresses.write(ptr::null_mut());
        count.write(0);
        list_addresses()
            .map(|(array, len)| {
                addresses.write(array);
                count.write(len as c_int);
            })
            .into_c()
    }
}

/// Frees what `uv_interface_addresses` gave.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_free_interface_addresses(addresses: *mut uv_interface_address_t, _count: c_int) {
    // SAFETY: one piece of memory holds the array and the names.
    unsafe { alloc::free(addresses.cast()) };
}

/// Writes the name of an interface to `buffer`, `*size` bytes long, ended by a NUL. `*size` becomes the length of the
/// name, or on `UV_ENOBUFS` the size that is needed, with the NUL.
///
/// Thread-safe. Returns 0, `UV_EINVAL` if a pointer is NULL or `*size` 0, `UV_ENOBUFS`, or `UV_ENXIO` if there is no
/// such interface.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_if_indextoname(ifindex: c_uint, buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { name_of(ifindex, buffer, size).into_c() }
}

/// Writes what names an interface in a scoped IPv6 address to `buffer`. On Linux that is the interface's name:
/// everything is as with `uv_if_indextoname`.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_if_indextoiid(ifindex: c_uint, buffer: *mut c_char, size: *mut usize) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { name_of(ifindex, buffer, size).into_c() }
}

/// The scope of the first link-local IPv6 address, or 0 if there is none.
pub(crate) fn link_local_scope() -> c_uint {
    let Ok(list) = List::get() else { return 0 };
    let addresses = list.internet().filter(|&(_, family)| family == libc::AF_INET6);
    // SAFETY: the address is of its family.
    let mut addresses = addresses.map(|(entry, _)| unsafe { entry.ifa_addr.cast::<libc::sockaddr_in6>().read() });
    addresses.find(|a| a.sin6_addr.s6_addr.starts_with(&[0xfe, 0x80])).map_or(0, |a| a.sin6_scope_id)
}

/// # Safety
/// `size` is NULL or a number, `buffer` NULL or as long as that number.
unsafe fn name_of(ifindex: c_uint, buffer: *mut c_char, size: *mut usize) -> Result {
    // SAFETY: as the caller promises; `name` is as long as any name.
    unsafe {
        if buffer.is_null() || size.is_null() || *size == 0 {
            return Err(Errno::EINVAL);
        }
        let mut name = [0 as c_char; libc::IF_NAMESIZE + 1];
        if libc::if_indextoname(ifindex, name.as_mut_ptr()).is_null() {
            return Err(Errno::last());
        }
        let len = CStr::from_ptr(name.as_ptr()).count_bytes();
        if *size <= len {
            *size = len + 1;
            return Err(Errno::ENOBUFS);
        }
        buffer.copy_from_nonoverlapping(name.as_ptr(), len + 1);
        *size = len;
    }
    Ok(())
}

/// The C library's list of addresses, given back when dropped.
struct List(*mut ifaddrs);

impl List {
    fn get() -> Result<List> {
        let mut head = ptr::null_mut();
        // SAFETY: `head` is the place for the answer.
        if unsafe { libc::getifaddrs(&raw mut head) } != 0 {
            return Err(Errno::last());
        }
        Ok(List(head))
    }

    /// The entries of interfaces that are up and running, with the families of their addresses.
    fn running(&self) -> impl Iterator<Item = (&ifaddrs, c_int)> {
        // SAFETY: the list lives as long as `self`, and nobody writes to it.
        let first = unsafe { self.0.as_ref() };
        // SAFETY: an entry of the list, which lives as long as `self`.
        std::iter::successors(first, |entry| unsafe { entry.ifa_next.as_ref() })
            .filter(|entry| entry.ifa_flags & RUNNING == RUNNING && !entry.ifa_addr.is_null())
            // SAFETY: not NULL, so an address.
            .map(|entry| (entry, c_int::from(unsafe { (*entry.ifa_addr).sa_family })))
    }

    /// The IPv4 and IPv6 addresses.
    fn internet(&self) -> impl Iterator<Item = (&ifaddrs, c_int)> {
        self.running().filter(|&(_, family)| family == libc::AF_INET || family == libc::AF_INET6)
    }

    /// The hardware address of the interface called `name`; zeros if it has none.
    fn hardware_address(&self, name: &CStr) -> [c_char; 6] {
        // An alias such as "eth0:1" has the hardware of what it is an alias of.
        let base = |name: &[u8]| name.iter().position(|&c| c == b':').unwrap_or(name.len());
        let name = &name.to_bytes()[..base(name.to_bytes())];
        let entry =
            self.running().find(|(entry, family)| *family == libc::AF_PACKET && name_in(entry).to_bytes() == name);
        let Some((entry, _)) = entry else { return [0; 6] };
        // SAFETY: packet addresses have this type.
        let hardware = unsafe { (*entry.ifa_addr.cast::<sockaddr_ll>()).sll_addr };
        std::array::from_fn(|i| hardware[i] as c_char)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: `getifaddrs` gave it.
        unsafe { libc::freeifaddrs(self.0) };
    }
}

const RUNNING: c_uint = (libc::IFF_UP | libc::IFF_RUNNING) as c_uint;

fn name_in(entry: &ifaddrs) -> &CStr {
    // SAFETY: each entry has a name, which lives as long as the entry.
    unsafe { CStr::from_ptr(entry.ifa_name) }
}

/// An array and its length. The names stand behind the array in the same piece of memory.
fn list_addresses() -> Result<(*mut uv_interface_address_t, usize)> {
    let list = List::get()?;
    let count = list.internet().count();
    if count == 0 {
        return Ok((ptr::null_mut(), 0));
    }
    let names: usize = list.internet().map(|(entry, _)| name_in(entry).count_bytes() + 1).sum();
    let array_size = count * size_of::<uv_interface_address_t>();
    let array = alloc::calloc(1, array_size + names).cast::<uv_interface_address_t>();
    if array.is_null() {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: the sums above are the room needed; the list has not changed since. An entry's addresses are of its
    // family.
    unsafe {
        let mut name_place = array.cast::<c_char>().add(array_size);
        for (i, (entry, family)) in list.internet().enumerate() {
            let place = array.add(i);
            let name = name_in(entry);
            name_place.copy_from_nonoverlapping(name.as_ptr(), name.count_bytes() + 1);
            (*place).name = name_place;
            name_place = name_place.add(name.count_bytes() + 1);
            (*place).phys_addr = list.hardware_address(name);
            (*place).is_internal = c_int::from(entry.ifa_flags & libc::IFF_LOOPBACK as c_uint != 0);
            let has_mask = !entry.ifa_netmask.is_null();
            if family == libc::AF_INET6 {
                (*place).address.address6 = entry.ifa_addr.cast::<libc::sockaddr_in6>().read();
                if has_mask {
                    (*place).netmask.netmask6 = entry.ifa_netmask.cast::<libc::sockaddr_in6>().read();
                }
            } else {
                (*place).address.address4 = entry.ifa_addr.cast::<libc::sockaddr_in>().read();
                if has_mask {
                    (*place).netmask.netmask4 = entry.ifa_netmask.cast::<libc::sockaddr_in>().read();
                }
            }
        }
    }
    Ok((array, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "the kernel's answer")]
    fn loopback_is_internal() {
        let (mut array, mut count) = (ptr::null_mut(), 0);
        // SAFETY: places for the answers, and an array of `count` elements.
        unsafe {
            assert_eq!(uv_interface_addresses(&raw mut array, &raw mut count), 0);
            for i in 0..count as usize {
                let address = &*array.add(i);
                let loopback = CStr::from_ptr(address.name) == c"lo";
                assert_eq!(address.is_internal != 0, loopback);
            }
            uv_free_interface_addresses(array, count);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "the kernel's answer")]
    fn names_of_interfaces() {
        let mut buf = [0 as c_char; 16];
        let mut size = 2;
        // SAFETY: `size` never exceeds the buffer.
        unsafe {
            assert_eq!(uv_if_indextoname(1, ptr::null_mut(), &raw mut size), Errno::EINVAL.0);
            assert_eq!(uv_if_indextoname(1, buf.as_mut_ptr(), &raw mut size), Errno::ENOBUFS.0);
            assert_eq!(size, 3);
            assert_eq!(uv_if_indextoiid(1, buf.as_mut_ptr(), &raw mut size), 0);
            assert_eq!((size, CStr::from_ptr(buf.as_ptr())), (2, c"lo"));
            assert_eq!(uv_if_indextoname(c_uint::MAX, buf.as_mut_ptr(), &raw mut size), Errno::ENXIO.0);
        }
    }
}
