"""A network and a mount namespace for each test, so that tests share no port, no DNS and no mount
with each other or with the machine. Needs CAP_SYS_ADMIN: `./dev test` runs the tests as root."""
import ctypes
import errno
import fcntl
import os
import socket
import struct

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def enter_new():
    """Moves this process (its main thread, and all it starts from now on) into new namespaces with
    nothing but a loopback interface, 127.0.0.0/8 and ::1."""
    _check(_libc.unshare(CLONE_NEWNET | CLONE_NEWNS), "unshare (run the tests with ./dev test)")
    # In a chroot "/" may be no mount point (EINVAL): then what a test mounts is seen outside too,
    # until the test unmounts it.
    if _libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) != 0 \
            and ctypes.get_errno() != errno.EINVAL:
        _check(-1, "mount --make-rprivate")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def mount(source, target, kind=None, flags=0, options=None):
    def encoded(value):
        return None if value is None else str(value).encode()
    _check(_libc.mount(encoded(source), encoded(target), encoded(kind), flags, encoded(options)),
           f"mount {source} on {target}")


def unmount(target):
    _check(_libc.umount2(str(target).encode(), MNT_DETACH), f"umount {target}")
