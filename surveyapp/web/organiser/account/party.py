"""For whom passkeys are made here: the host whose pages ask for them."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import request

from surveyapp.services.passkeys import RelyingParty
from surveyapp.web.security import own_origins


def find_party() -> RelyingParty | None:
    """This host as browsers know it; None under a bare IP address, for which no browser makes passkeys."""
    # Whether the host is one of ours was checked before anything else.
    name = urlsplit(request.host_url).hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return RelyingParty(name, tuple(sorted(own_origins())))
    return None
