"""Serves this one service."""

import os
import sys

from services.documents.handlers import FEATURE
from services.runtime.server import serve
from services.runtime.settings import SettingsRefused, read

if __name__ == "__main__":
    try:
        serve(read(os.environ), [FEATURE])
    except SettingsRefused as refused:
        sys.exit(str(refused))
