"""Cuts a kernel off from every network: it reaches this machine only.

The root conftest.py makes this a start-up file of all kernels that the tests start, so that each
lesson proves in each test run that it needs no network.
"""

import errno
import socket


def _cut_off() -> None:
    here = {"localhost", "ip6-localhost", "", None}

    def local(host) -> bool:
        host = host.decode() if isinstance(host, bytes) else host
        return host in here or str(host).startswith("127.") or host == "::1"

    def guarded(method):
        def call(self, *arguments, **keywords):
            address = arguments[-1] if method.__name__ == "sendto" else arguments[0]
            if isinstance(address, tuple) and not local(address[0]):
                raise OSError(errno.ENETUNREACH, "This test runs offline", str(address[0]))
            return method(self, *arguments, **keywords)

        return call

    def getaddrinfo(host, *arguments, **keywords):
        if not local(host):
            raise socket.gaierror(socket.EAI_NONAME, f"This test runs offline: {host}")
        return real(host, *arguments, **keywords)

    real = socket.getaddrinfo
    socket.getaddrinfo = getaddrinfo
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, guarded(getattr(socket.socket, name)))


_cut_off()
