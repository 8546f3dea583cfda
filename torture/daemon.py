"""A daemon under test, as a process."""

from __future__ import annotations

import subprocess
from pathlib import Path

from process import Process, ProcessError


def make_keyring(program: Path, keyring: Path) -> None:
    """Makes the keyring that all daemons of a database share. :raises ProcessError:"""
    done = subprocess.run(
        [program, "keyring", "init", "--keyring", keyring], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise ProcessError(f"integrationd keyring init: {done.stderr.strip()}")


class Daemon(Process):
    """One ``integrationd serve``."""

    def __init__(
        self, name: str, program: Path, folder: Path, conninfo: str, keyring: Path, config: Path
    ) -> None:
        folder.mkdir()
        self.socket = folder / "d.sock"
        super().__init__(
            f"daemon {name}",
            [program, "serve", "--socket", self.socket, "--database-url", conninfo, "--state-dir",
             folder / "state", "--keyring", keyring, "--config", config],
            folder / "log")
