"""Put a stand-in in the place of the module of JupyterHub's web application, which is not installed here.

Where the package is imported already, as it is when env.py runs a second time, env.py asks whether the application has
been started. It has not.
"""

from __future__ import annotations

import sys
from types import ModuleType


class JupyterHub:
    """An application that is not running."""

    @staticmethod
    def initialized() -> bool:
        return False


_app = ModuleType("jupyterhub.app")
_app.__dict__["JupyterHub"] = JupyterHub
sys.modules[_app.__name__] = _app
