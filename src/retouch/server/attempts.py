"""How often one address may send a wrong key."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

__all__ = ["FailedAttempts", "network_of"]

_WINDOW_SECONDS: Final = 60.0
_MAX_ADDRESSES: Final = 10_000
_IPV6_PREFIX: Final = 64


class FailedAttempts:
    """Counts wrong keys by address, in the memory of this process; the oldest are forgotten when there are too many.

    Parameters
    ----------
    per_minute : int
        Wrong keys that an address may send at once, and again every minute.
    clock : callable
        Seconds, of any beginning.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = _WINDOW_SECONDS / per_minute
        self._clock = clock
        self._forgiven_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._forgiven_at)

    def wait_seconds(self, network: str) -> float:
        """Return for how long no key of an address is looked at; 0 when the next one is."""
        over = self._forgiven_at.get(network, 0.0) + self._interval - _WINDOW_SECONDS - self._clock()
        return max(0.0, over)

    def note(self, network: str) -> None:
        """Count a wrong key."""
        now = self._clock()
        self._forgiven_at[network] = max(self._forgiven_at.get(network, now), now) + self._interval
        self._forgiven_at.move_to_end(network)
        if len(self._forgiven_at) > _MAX_ADDRESSES:
            self._forgiven_at.popitem(last=False)


def network_of(host: str | None) -> str:
    """Return what counts as one address: of IPv6 a /64, which is what one customer has.

    >>> network_of("2001:db8::1"), network_of("::ffff:192.0.2.7"), network_of("192.0.2.7")
    ('2001:db8::/64', '192.0.2.7', '192.0.2.7')
    """
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host or ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))
