# SPDX-License-Identifier: Apache-2.0
"""How the platforms' SCEP clients go about a list of servers, as plain functions and data.

    for url in Walk("android", urls, random.Random(1)):
        try a server; walk.answered(url) when it does
"""

import dataclasses

from .platforms import family


@dataclasses.dataclass(frozen=True)
class Behaviour:
    message: str        # of GetCACaps and GetCACert
    agent: str          # User-Agent
    appends: str        # to the path of the profile's URL
    caps_first: bool    # GetCACaps before GetCACert
    method: str         # of PKIOperation when the server offers POST
    transaction: str    # form of the transaction id: hex40, hex32, base64
    digest: str
    ber: bool           # indefinite lengths
    oaep: bool
    tries: int          # whole rounds with one challenge
    delivered: str      # "all" URLs of the profile, or "one"
    is_sticky: bool     # stays with the first server that answered


BEHAVIOUR = {
    "windows": Behaviour("default", "Mozilla/4.0 (compatible; Win32; NDES client)",
                         "/pkiclient.exe", True, "POST", "hex40", "sha256", False, True, 3, "all",
                         False),
    "iOS": Behaviour("SCEP Authority", "profiled/1.0 CFNetwork/1496.0.7 Darwin/23.5.0", "", False,
                     "GET", "hex40", "sha512", True, False, 1, "one", True),
    "macOS": Behaviour("SCEP Authority", "mdmclient/1.0 CFNetwork/1496.0.7 Darwin/23.5.0", "",
                       False, "POST", "hex40", "sha512", True, False, 1, "one", True),
    "android": Behaviour("ca", "Dalvik/2.1.0 (Linux; U; Android 14)", "", True, "POST", "hex40",
                         "sha256", True, False, 1, "all", True),
}


def behaviour(platform):
    """By a row's name or by any name of a platform."""
    if platform in BEHAVIOUR:
        return BEHAVIOUR[platform]
    found = family(platform)
    return BEHAVIOUR["android" if found.startswith("android") else
                     "windows" if found == "agent" else found]


def delivered(platform, urls, source):
    """The URLs that reach a device: the service draws one for iOS, and shuffles for the others."""
    urls = list(urls)
    if behaviour(platform).delivered == "one":
        return [source.choice(urls)]
    source.shuffle(urls)
    return urls


class Walk:
    """The servers that a device tries, in order, over all its rounds.

    source: random.Random. A round of Windows has an order of its own; Android and Apple's systems stay
    with the server that answered first.
    """

    def __init__(self, platform, urls, source):
        self.how, self._urls = behaviour(platform), delivered(platform, urls, source)
        self._source, self._chosen = source, None

    def answered(self, url):
        self._chosen = self._chosen or url

    def round(self):
        """The order of one round (a policy cycle)."""
        if self.how.is_sticky and self._chosen:
            return [self._chosen]
        if not self.how.is_sticky:
            self._source.shuffle(self._urls)
        return list(self._urls)

    def __iter__(self):
        for _ in range(self.how.tries):
            for url in self.round():
                yield url
                if self.how.is_sticky and self._chosen:
                    break


def certificates(platform, linked):
    """How many certificates a profile with so many linked Wi-Fi and VPN profiles gives a device:
    each is of its own, by a request and a challenge of its own."""
    return 1 + (linked if family(platform) == "iOS" else 0)
