"""A program that tries what a pack must not do, and prints what it got."""
import ctypes
import json
import os
import signal
import socket
import sys

given = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)


def read(path):
    with open(path, "rb") as f:
        return f.read(64).decode("utf-8", "replace")


def write(path):
    with open(path, "a") as f:
        f.write("x")


def connect(family, kind, address):
    with socket.socket(family, kind) as s:
        s.settimeout(2)
        s.connect(address)
        s.sendall(b"hello")


def call(name, *args):
    if libc[name](*args) != 0:
        raise OSError(ctypes.get_errno(), name)


def segment():
    if libc.shmget(0, 4096, 0o1600) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


tried = {
    "read its own file": lambda: read(given["pack"] + "/secret"),
    "write its own file": lambda: write(given["pack"] + "/secret"),
    "make a file beside it": lambda: write(given["pack"] + "/new"),
    "change its mode": lambda: os.chmod(given["pack"], 0o777),
    "read another pack": lambda: read(given["other"] + "/secret"),
    "list the data directory": lambda: os.listdir(given["data"]),
    "read the data directory": lambda: read(given["data"] + "/keyring.json"),
    "empty the data directory": lambda: os.truncate(given["data"] + "/keyring.json", 0),
    "write the data directory": lambda: write(given["data"] + "/new"),
    "change another mode": lambda: os.chmod(given["data"], 0o777),
    "write what it may": lambda: write(given["work"] + "/new"),
    "read the passwords": lambda: read("/etc/shadow"),
    "write to the system": lambda: write("/usr/new"),
    "write to the root": lambda: write("/new"),
    "become somebody": lambda: write("/etc/passwd"),
    "write to a device": lambda: write("/dev/null"),
    "write at home": lambda: write(os.environ["HOME"] + "/new"),
    "write to tmp": lambda: write(os.environ["TMPDIR"] + "/new"),
    "write to the machine's tmp": lambda: write(given["tmp"] + "/new"),
    "the scanner's environment": lambda: read("/proc/%d/environ" % given["scanner"]),
    "the scanner's memory": lambda: read("/proc/%d/mem" % given["scanner"]),
    "the scanner's files": lambda: os.readlink("/proc/%d/fd/1" % given["scanner"]),
    "the first process's environment": lambda: read("/proc/1/environ"),
    "its helper's files": lambda: os.readlink("/proc/%d/fd/1" % os.getppid()),
    "end the scanner": lambda: os.kill(given["scanner"], signal.SIGCONT),
    "switch the kernel": lambda: write("/proc/sys/kernel/core_pattern"),
    "connect to this machine": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", given["port"])),
    "send a packet to this machine": lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", given["port"])),
    "connect to the world": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("1.1.1.1", 443)),
    "send a packet to the world": lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("1.1.1.1", 53)),
    "connect to a nameless socket": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + given["abstract"]),
    "connect to a socket file": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, given["socket"]),
    "connect in the first packet": lambda: socket.socket().sendto(b"hello", socket.MSG_FASTOPEN, ("127.0.0.1", given["port"])),
    "look up a name": lambda: socket.getaddrinfo("example.com", 443),
    "talk to the hypervisor": lambda: socket.socket(40, socket.SOCK_STREAM).close(),
    "ask the kernel for ciphers": lambda: socket.socket(38, socket.SOCK_SEQPACKET).close(),
    "keep a file in memory": lambda: os.close(os.memfd_create("x")),
    "keep a segment in memory": lambda: segment(),
    "become root": lambda: os.setuid(0),
    "make a user namespace": lambda: call("unshare", 0x10000000),
    "mount": lambda: call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "change the root": lambda: os.chroot("/tmp"),
    "trace its helper": lambda: call("ptrace", 16, os.getppid(), None, None),
    "make a device": lambda: os.mknod(os.environ["TMPDIR"] + "/disk", 0o60666, os.makedev(8, 0)),
    "be nicer to itself": lambda: os.setpriority(os.PRIO_PROCESS, 0, 0),
}

got = {}
for name, f in tried.items():
    if given["only"] and name not in given["only"] or name == os.environ.get("EXCEPT"):
        continue
    try:
        result = f()
        got[name] = "done" if result is None else "got " + str(result)
    except socket.gaierror:
        got[name] = "no address"
    except (TimeoutError, socket.timeout):
        got[name] = "timeout"
    except OSError as e:
        got[name] = "refused: " + str(e.strerror)

seen = [int(p) for p in os.listdir("/proc") if p.isdigit()] if os.access("/proc", os.R_OK) else []
with open("/proc/self/status") as f:
    status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
print(json.dumps({
    "got": got,
    "environment": sorted(os.environ),
    "processes": len(seen),
    "uid": os.getuid(),
    "groups": os.getgroups(),
    "nice": os.nice(0),
    "rights": [status[k] for k in ("CapInh", "CapPrm", "CapEff", "CapAmb")],
    "all rights": status["CapBnd"],
    "new privileges": status["NoNewPrivs"] == "0",
}))
