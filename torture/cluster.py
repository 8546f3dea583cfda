"""A private PostgreSQL: made from the system's own programs, reached through a Unix socket only."""

from __future__ import annotations

import csv
import io
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

PORT = 5432
DATABASE = "integrationd"
OWNER = "integrationd_owner"
#: Postgres refuses to run as root: the first of these users that exists does instead.
USERS = ("postgres", "nobody")

SETTINGS = """
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
max_connections = 120
shared_buffers = 64MB
# What is acknowledged is on disk, as in production: the ledger holds the daemon to it.
fsync = on
full_page_writes = on
synchronous_commit = on
restart_after_crash = on
log_line_prefix = '%m [%p] %q%u@%d '
log_error_verbosity = terse
timezone = 'UTC'
"""


class ClusterError(RuntimeError):
    """PostgreSQL did not do what it was told."""


class Cluster:
    """A cluster in a folder, from ``start`` to ``stop``."""

    def __init__(self, folder: Path) -> None:
        self._programs = _programs()
        self._data = folder / "data"
        self.sockets = folder / "sockets"
        self._log = folder / "postgres.log"
        self._user = _unprivileged() if os.geteuid() == 0 else None
        folder.mkdir()
        self.sockets.mkdir()
        if self._user:
            for each in (folder, self.sockets):
                os.chown(each, self._user.pw_uid, self._user.pw_gid)

    @property
    def socket(self) -> Path:
        return self.sockets / f".s.PGSQL.{PORT}"

    def conninfo(self, sockets: Path) -> str:
        """How a daemon connects, through the socket in a folder."""
        return f"host={sockets} port={PORT} dbname={DATABASE} user={OWNER}"

    def start(self) -> None:
        """Makes the cluster, starts it and makes the daemon's login and database."""
        self.run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync", limit=120)
        settings = SETTINGS.format(port=PORT, sockets=self.sockets)
        with open(self._data / "postgresql.conf", "a") as file:
            file.write(settings)
        self._control("start", "-l", self._log)
        self.query(f"create role {OWNER} login createrole", database="postgres")
        self.query(
            f"create database {DATABASE} owner {OWNER} template template0 encoding 'UTF8'",
            database="postgres")

    def restart(self, mode: str) -> None:
        """Stops (``fast`` or ``immediate``) and starts; returns when it takes connections."""
        self._control("restart", "-m", mode, "-l", self._log)

    def stop(self) -> None:
        """Stops at once. Not an error when it does not run."""
        if (self._data / "postmaster.pid").exists():
            self._control("stop", "-m", "immediate")

    def kill_backend(self, choose) -> int | None:
        """Kills one backend of a daemon with SIGKILL; its pid, None when there is none.

        The server then ends all others and recovers: it cannot know what the dead one left in
        shared memory.
        """
        rows = self.query(
            "select pid from pg_stat_activity where datname = current_database() "
            "and backend_type = 'client backend' and pid <> pg_backend_pid() order by pid")
        pids = [int(row["pid"]) for row in rows if _parent(int(row["pid"])) == self._postmaster()]
        if not pids:
            return None
        pid = choose(pids)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None
        return pid

    def query(self, sql: str, database: str = DATABASE) -> list[dict[str, str]]:
        """Runs a statement as superuser; its rows. :raises ClusterError:"""
        return list(csv.DictReader(io.StringIO(self.text(sql, database, "--csv"))))

    def text(self, sql: str, database: str = DATABASE, *options: str) -> str:
        """Runs a statement as superuser; what it prints. :raises ClusterError:"""
        return self.run(
            "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.sockets, "-p", str(PORT), "-U",
            "postgres", "-d", database, *options, "-c", sql, limit=120)

    def _control(self, action: str, *options: str | Path) -> None:
        # The server inherits what pg_ctl has open: a pipe would never end.
        self.run("pg_ctl", action, "-D", self._data, "-w", "-t", "60", *options, limit=90,
                  has_output=False)

    def run(
        self, program: str, *arguments: str | Path, limit: float, has_output: bool = True
    ) -> str:
        """Runs one of PostgreSQL's programs as the server's user; what it prints.

        :raises ClusterError: it failed, or took longer than ``limit`` seconds.
        """
        user = {}
        if self._user:
            user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        output = subprocess.PIPE if has_output else subprocess.DEVNULL
        try:
            done = subprocess.run(
                [self._programs / program, *arguments], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, text=True, timeout=limit, cwd="/", **user,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, start_new_session=True)
        except subprocess.TimeoutExpired:
            raise ClusterError(f"{program} did not end in {limit:g} s") from None
        if done.returncode != 0:
            raise ClusterError(f"{program} {arguments[0]}: {done.stderr or done.returncode}")
        return done.stdout or ""

    def _postmaster(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split("\n")[0])


def _programs() -> Path:
    """The newest PostgreSQL of the system."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0)
    if found:
        return found[-1].parent
    if program := shutil.which("postgres"):
        return Path(program).resolve().parent
    raise ClusterError("no PostgreSQL is installed (Debian: postgresql)")


def _unprivileged() -> pwd.struct_passwd:
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ClusterError(f"none of the users {', '.join(USERS)} exists to run PostgreSQL as")


def _parent(pid: int) -> int | None:
    try:
        # After the name, which may hold anything: state and parent.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return None
