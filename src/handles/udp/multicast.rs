//! Socket options: multicast groups, time to live, broadcast.

use std::mem::zeroed;

use libc::{c_char, c_int, group_source_req, in_addr, ip_mreq, ip_mreq_source, ipv6_mreq, sockaddr_in, sockaddr_in6};

use crate::abi::*;
use crate::model::handle::{Handle, Udp, flag};
use crate::sys::datagram;
use crate::text::inet::{uv_ip4_addr, uv_ip6_addr};

/// Joins (`UV_JOIN_GROUP`) or leaves (`UV_LEAVE_GROUP`) the multicast group `multicast_addr`, IPv4 or IPv6, on the
/// interface with the address `interface_addr`; for IPv6 that address names the interface by its zone, as in "::%eth0".
/// NULL leaves the choice to the system. A handle without a socket is bound to any port, shared.
/// `UV_EINVAL` for addresses that cannot be read and other memberships, `UV_EADDRINUSE` for a group already joined,
/// `UV_EADDRNOTAVAIL` for one not joined, `UV_ENODEV` without such an interface. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_set_membership(
    handle: *mut uv_udp_t,
    multicast_addr: *const c_char,
    interface_addr: *const c_char,
    membership: uv_membership,
) -> c_int {
    // SAFETY: law 1; the caller's strings.
    unsafe { Udp::from_c(handle).set_membership(multicast_addr, interface_addr, membership) }.into_c()
}

/// The same as `uv_udp_set_membership`, for what `source_addr` sends to the group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_set_source_membership(
    handle: *mut uv_udp_t,
    multicast_addr: *const c_char,
    interface_addr: *const c_char,
    source_addr: *const c_char,
    membership: uv_membership,
) -> c_int {
    // SAFETY: law 1; the caller's strings.
    unsafe { Udp::from_c(handle).set_source_membership(multicast_addr, interface_addr, source_addr, membership) }
        .into_c()
}

/// Lets multicast datagrams that the handle sends come back to sockets of this host (1), or not (0).
/// `UV_EBADF` without a socket, `UV_EINVAL` for numbers beyond 0 to 255. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_set_multicast_loop(handle: *mut uv_udp_t, on: c_int) -> c_int {
    // SAFETY: law 1.
    unsafe { Udp::from_c(handle) }.set_byte(libc::IP_MULTICAST_LOOP, libc::IPV6_MULTICAST_LOOP, on).into_c()
}

/// Sets over how many hops multicast datagrams may go, 0 to 255.
/// `UV_EBADF` without a socket, `UV_EINVAL` for other numbers. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_set_multicast_ttl(handle: *mut uv_udp_t, ttl: c_int) -> c_int {
    // SAFETY: law 1.
    unsafe { Udp::from_c(handle) }.set_byte(libc::IP_MULTICAST_TTL, libc::IPV6_MULTICAST_HOPS, ttl).into_c()
}

/// Sets the interface that multicast datagrams leave by: an IPv4 address, or an IPv6 address whose zone names the
/// interface, as in "::%eth0". NULL leaves the choice to the system.
/// `UV_EBADF` without a socket, `UV_EINVAL` for an address that cannot be read. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_set_multicast_interface(handle: *mut uv_udp_t, interface_addr: *const c_char) -> c_int {
    // SAFETY: law 1; the caller's string.
    unsafe { Udp::from_c(handle).set_multicast_interface(interface_addr) }.into_c()
}

/// Allows (1) or forbids (0) to send to broadcast addresses. `UV_EBADF` without a socket. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_set_broadcast(handle: *mut uv_udp_t, on: c_int) -> c_int {
    // SAFETY: law 1.
    let udp = unsafe { Udp::from_c(handle) };
    datagram::set_option(udp.fd(), libc::SOL_SOCKET, libc::SO_BROADCAST, &on).into_c()
}

/// Sets over how many hops datagrams may go, 1 to 255.
/// `UV_EBADF` without a socket, `UV_EINVAL` for other numbers. Not thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_udp_set_ttl(handle: *mut uv_udp_t, ttl: c_int) -> c_int {
    // SAFETY: law 1.
    let udp = unsafe { Udp::from_c(handle) };
    if ttl < 1 {
        return Errno::EINVAL.0;
    }
    udp.set_byte(libc::IP_TTL, libc::IPV6_UNICAST_HOPS, ttl).into_c()
}

/// An address as text.
enum Text {
    V4(sockaddr_in),
    V6(sockaddr_in6),
}

impl Text {
    /// # Safety
    /// `text` is a string, or NULL, which is no address.
    unsafe fn read(text: *const c_char) -> Result<Text> {
        if text.is_null() {
            return Err(Errno::EINVAL);
        }
        // SAFETY: the caller's string; zeros are addresses, and places for them.
        unsafe {
            let (mut v4, mut v6): (sockaddr_in, sockaddr_in6) = (zeroed(), zeroed());
            if uv_ip4_addr(text, 0, &raw mut v4) == 0 {
                Ok(Text::V4(v4))
            } else if uv_ip6_addr(text, 0, &raw mut v6) == 0 {
                Ok(Text::V6(v6))
            } else {
                Err(Errno::EINVAL)
            }
        }
    }

    fn v4(self) -> Result<sockaddr_in> {
        if let Text::V4(address) = self { Ok(address) } else { Err(Errno::EINVAL) }
    }

    fn v6(self) -> Result<sockaddr_in6> {
        if let Text::V6(address) = self { Ok(address) } else { Err(Errno::EINVAL) }
    }
}

/// An IPv4 interface by its address; NULL is any.
///
/// # Safety
/// `text` is a string, or NULL.
unsafe fn interface4(text: *const c_char) -> Result<in_addr> {
    if text.is_null() {
        return Ok(in_addr { s_addr: libc::INADDR_ANY });
    }
    // SAFETY: the caller's.
    Ok(unsafe { Text::read(text) }?.v4()?.sin_addr)
}

/// The index of an IPv6 interface by the zone of an address; NULL is any.
///
/// # Safety
/// `text` is a string, or NULL.
unsafe fn interface6(text: *const c_char) -> Result<u32> {
    if text.is_null() {
        return Ok(0);
    }
    // SAFETY: the caller's.
    Ok(unsafe { Text::read(text) }?.v6()?.sin6_scope_id)
}

/// The option that joins, or the one that leaves.
fn choose(membership: uv_membership, join: c_int, leave: c_int) -> Result<c_int> {
    match membership {
        UV_JOIN_GROUP => Ok(join),
        UV_LEAVE_GROUP => Ok(leave),
        _ => Err(Errno::EINVAL),
    }
}

impl Udp {
    /// # Safety
    /// The texts are strings; that of the interface may be NULL.
    unsafe fn set_membership(
        self,
        group: *const c_char,
        interface: *const c_char,
        membership: uv_membership,
    ) -> Result {
        // SAFETY: the caller's.
        match unsafe { Text::read(group) }? {
            Text::V4(group) => {
                self.bind_if_new(libc::AF_INET, UV_UDP_REUSEADDR)?;
                // SAFETY: the caller's.
                let imr_interface = unsafe { interface4(interface) }?;
                let name = choose(membership, libc::IP_ADD_MEMBERSHIP, libc::IP_DROP_MEMBERSHIP)?;
                let wish = ip_mreq { imr_multiaddr: group.sin_addr, imr_interface };
                datagram::set_option(self.fd(), libc::IPPROTO_IP, name, &wish)
            }
            Text::V6(group) => {
                self.bind_if_new(libc::AF_INET6, UV_UDP_REUSEADDR)?;
                // SAFETY: the caller's.
                let ipv6mr_interface = unsafe { interface6(interface) }?;
                let name = choose(membership, libc::IPV6_ADD_MEMBERSHIP, libc::IPV6_DROP_MEMBERSHIP)?;
                let wish = ipv6_mreq { ipv6mr_multiaddr: group.sin6_addr, ipv6mr_interface };
                datagram::set_option(self.fd(), libc::IPPROTO_IPV6, name, &wish)
            }
        }
    }

    /// # Safety
    /// As for `set_membership`.
    unsafe fn set_source_membership(
        self,
        group: *const c_char,
        interface: *const c_char,
        source: *const c_char,
        membership: uv_membership,
    ) -> Result {
        // SAFETY: the caller's.
        let (group, source) = unsafe { (Text::read(group)?, Text::read(source)?) };
        match group {
            Text::V4(group) => {
                let source = source.v4()?;
                self.bind_if_new(libc::AF_INET, UV_UDP_REUSEADDR)?;
                // SAFETY: the caller's.
                let imr_interface = unsafe { interface4(interface) }?;
                let name = choose(membership, libc::IP_ADD_SOURCE_MEMBERSHIP, libc::IP_DROP_SOURCE_MEMBERSHIP)?;
                let wish =
                    ip_mreq_source { imr_multiaddr: group.sin_addr, imr_interface, imr_sourceaddr: source.sin_addr };
                datagram::set_option(self.fd(), libc::IPPROTO_IP, name, &wish)
            }
            Text::V6(group) => {
                let source = source.v6()?;
                self.bind_if_new(libc::AF_INET6, UV_UDP_REUSEADDR)?;
                // SAFETY: the caller's.
                let index = unsafe { interface6(interface) }?;
                let name = choose(membership, libc::MCAST_JOIN_SOURCE_GROUP, libc::MCAST_LEAVE_SOURCE_GROUP)?;
                // SAFETY: zeros are two addresses without a family, which have room for one of IPv6.
                let wish = unsafe {
                    let mut wish: group_source_req = zeroed();
                    wish.gsr_interface = index;
                    (&raw mut wish.gsr_group).cast::<sockaddr_in6>().write(group);
                    (&raw mut wish.gsr_source).cast::<sockaddr_in6>().write(source);
                    wish
                };
                datagram::set_option(self.fd(), libc::IPPROTO_IPV6, name, &wish)
            }
        }
    }

    /// # Safety
    /// `interface` is a string, or NULL.
    unsafe fn set_multicast_interface(self, interface: *const c_char) -> Result {
        let v6 = Handle::from(self).has(flag::IPV6);
        let by_index =
            |index: u32| datagram::set_option(self.fd(), libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_IF, &index);
        let by_address = |a: in_addr| datagram::set_option(self.fd(), libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &a);
        if interface.is_null() {
            return if v6 { by_index(0) } else { by_address(in_addr { s_addr: libc::INADDR_ANY }) };
        }
        // SAFETY: the caller's.
        match unsafe { Text::read(interface) }? {
            Text::V4(address) => by_address(address.sin_addr),
            Text::V6(address) => by_index(address.sin6_scope_id),
        }
    }

    /// Sets the option of the handle's family to a number from 0 to 255.
    fn set_byte(self, v4: c_int, v6: c_int, value: c_int) -> Result {
        if !(0..=255).contains(&value) {
            return Err(Errno::EINVAL);
        }
        let is_v6 = Handle::from(self).has(flag::IPV6);
        let (level, name) = if is_v6 { (libc::IPPROTO_IPV6, v6) } else { (libc::IPPROTO_IP, v4) };
        datagram::set_option(self.fd(), level, name, &value)
    }
}
