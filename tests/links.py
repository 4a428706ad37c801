"""Ways to another host that lead back to this one: a real sshd on loopback, and a stand-in for ssh."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HOST = "loopback"
STAND_IN = """#!/bin/sh
for last; do host=$before; before=$last; done
[ "$host" = loopback ] || { echo "ssh: Could not resolve hostname $host" >&2; exit 255; }
env -i PATH=/usr/bin:/bin TMPDIR=FOLDER sh -c "$last"
code=$?
[ $code -gt 128 ] && exit 255
exit $code
"""
SERVER = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv TMPDIR={there}
"""
CLIENT = """
Host loopback
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {folder}/user_key
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
"""


@dataclass(frozen=True)
class Link:
    """path: what PATH has to be. there: the other host's folder for temporary files."""

    path: str
    there: Path


def stand_in(folder):
    """What ssh is asked for is done here, in an environment that has nothing of this one's."""
    there = folder / "there"
    there.mkdir()
    return Link(_first(folder, STAND_IN.replace("FOLDER", str(there))), there)


def sshd(folder):
    """A link through a server of its own, and the server."""
    server = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    there = folder / "there"
    there.mkdir()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # a server that root starts does not start without
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = {"port": port, "folder": folder, "there": there, "user": getpass.getuser()}
    (folder / "server").write_text(SERVER.format(**words))
    (folder / "client").write_text(CLIENT.format(**words))
    key = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {key}")
    running = subprocess.Popen([server, "-D", "-E", folder / "server.log", "-f", folder / "server"])
    _wait_for(port)
    script = f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/client "$@"\n'
    return Link(_first(folder, script), there), running


def missing():
    """Why there is no server to be had here; empty where there is one."""
    there = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("sshd", "ssh", "ssh-keygen")]
    return "" if all(there) else "sshd is not installed here; the stand-in for ssh is tested all the same"


def _first(folder, script):
    """PATH with `script` as ssh."""
    place = folder / "bin"
    place.mkdir()
    (place / "ssh").write_text(script)
    (place / "ssh").chmod(0o755)
    return f"{place}{os.pathsep}{os.environ['PATH']}"


def _wait_for(port):
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < until, "sshd did not start"
            time.sleep(0.05)
        else:
            return
