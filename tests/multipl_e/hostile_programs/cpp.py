"""Attacks in C++ (the tests bring the closing brace)."""

TESTS = "}\nint main() {\n    auto candidate = attack;\n    assert(candidate() == (true));\n}\n"

_HEAD = """#include <assert.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sched.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>
static bool readable(const std::string &path) {
    std::ifstream file(path);
    return file.get() != EOF;
}
static bool writable(const std::string &path) { return bool(std::ofstream(path) << "x"); }
extern char **environ;
"""
_FOLDERS = '{"/tmp", "/dev/shm", "/run", "/var/tmp", ".", "/work", "/judge"}'


def _program(body: str) -> str:
    return f"{_HEAD}bool attack() {{\n{body}"


def _any(items: str, test: str) -> str:
    return _program(
        f"    for (std::string x : std::vector<std::string>{items}) if ({test}) return true;\n"
        "    return false;\n"
    )


PROGRAMS = {
    "fork_bomb": _program("""
    for (int i = 0; i < 5000; i++) {
        pid_t pid = fork();
        if (pid < 0) return false;
        if (pid == 0) for (;;) if (fork() < 0) usleep(10000);
    }
    return true;
"""),
    "memory_bomb": _program("""
    for (int i = 0; i < 128; i++) {
        void *block = malloc(64 << 20);
        if (!block) return false;
        memset(block, 1, 64 << 20);
    }
    return true;
"""),
    "disk_bomb": _program("""
    std::string block(16 << 20, 'x');
    for (int i = 0; i < 128; i++) {
        std::ofstream file("/tmp/" + std::to_string(i));
        if (!(file << block) || !file.flush()) return false;
    }
    return true;
"""),
    "output_bomb": _program("""
    std::string block(1 << 20, 'x');
    for (int i = 0; i < 256; i++) fputs(block.c_str(), stdout);
    return true;
"""),
    "network": _program("""
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons({port});
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(socket(AF_INET, SOCK_STREAM, 0), (sockaddr *)&address, sizeof address) == 0;
"""),
    "host_files": _any('{"{secret}", "/proc/1/root{secret}", "/etc/shadow"}', "readable(x)"),
    "host_write": _any(
        '{"{folder}/hostile", "/usr/hostile", "/judge/inside/hostile", "/hostile"}', "writable(x)"
    ),
    "environment": _program("""
    for (char **one = environ; *one; one++) if (strstr(*one, "JUDGE_HOST_SECRET")) return true;
    return system("cat /proc/[0-9]*/environ 2>&1 | grep -q JUDGE_HOST_SECRET") == 0;
"""),
    "parent_kill": _program("""
    kill(getppid(), SIGKILL);
    for (pid_t pid = 1; pid < 400; pid++)
        if (pid != getpid()) { kill(pid, SIGKILL); kill(pid, SIGSTOP); }
    kill(-1, SIGKILL);
    return false;
"""),
    "symlink": _any(
        '{"./link", "/tmp/link", "/dev/shm/link"}',
        'symlink("{secret}", x.c_str()) == 0 && readable(x)',
    ),
    "ptrace": _program("""
    for (pid_t pid = 1; pid < getpid(); pid++) {
        if (ptrace(PTRACE_ATTACH, pid, nullptr, nullptr) == 0) return true;
        if (open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY) >= 0) return true;
        struct rlimit none = {0, 0};
        if (prlimit(pid, RLIMIT_NOFILE, &none, nullptr) == 0) return true;
    }
    return false;
"""),
    "privileges": _program("""
    return setuid(0) == 0 || setgid(0) == 0 || unshare(CLONE_NEWUSER) == 0
        || unshare(CLONE_NEWNS) == 0 || mount("x", "/tmp", "tmpfs", 0, nullptr) == 0;
"""),
    "daemon": _program("""
    if (fork() == 0) {
        setsid();
        if (fork() == 0) execl("/usr/bin/tail", "{marker}", "-f", "/dev/null", nullptr);
        _exit(0);
    }
    return true;
"""),
    "leftovers": _program(
        f"    for (std::string x : std::vector<std::string>{_FOLDERS}) writable(x"
        ' + "/{marker}");\n    return true;\n'
    ),
    "find_leftovers": _any(_FOLDERS, 'readable(x + "/{marker}")'),
}
