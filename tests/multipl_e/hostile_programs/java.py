"""Attacks in Java (the tests bring the closing braces)."""

TESTS = (
    "    }\n    public static void main(String[] args) {\n"
    "    assert(attack() == (true));\n    }\n\n}\n"
)

_HEAD = """import java.util.*;
import java.io.*;
import java.net.*;
import java.nio.file.*;
import org.javatuples.*;
class Problem {
    static boolean works(String... command) {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (Exception error) { return false; }
    }
    static boolean readable(String path) {
        try { return Files.readAllBytes(Path.of(path)).length > 0; }
        catch (Exception error) { return false; }
    }
    static boolean writable(String path) {
        try { Files.writeString(Path.of(path), "x"); return true; }
        catch (Exception error) { return false; }
    }
    public static boolean attack() {
"""
_FOLDERS = '"/tmp", "/dev/shm", "/run", "/var/tmp", ".", "/work", "/judge"'


def _any(items: str, test: str) -> str:
    return f"{_HEAD}for (String x : List.of({items})) if ({test}) return true;\nreturn false;\n"


PROGRAMS = {
    "fork_bomb": _HEAD
    + """
        for (int i = 0; i < 5000; i++)
            try { new ProcessBuilder("/usr/bin/tail", "-f", "/dev/null").start(); }
            catch (IOException error) { return false; }
        return true;
""",
    "memory_bomb": _HEAD
    + """
        List<byte[]> blocks = new ArrayList<>();
        for (int i = 0; i < 128; i++) blocks.add(new byte[64 << 20]);
        return blocks.size() == 128;
""",
    "disk_bomb": _HEAD
    + """
        for (int i = 0; i < 128; i++)
            try { Files.write(Path.of("/tmp/" + i), new byte[16 << 20]); }
            catch (IOException error) { return false; }
        return true;
""",
    "output_bomb": _HEAD
    + """
        String block = "x".repeat(1 << 20);
        for (int i = 0; i < 256; i++) System.out.print(block);
        return true;
""",
    "network": _HEAD
    + """
        try { new Socket("127.0.0.1", {port}).close(); return true; }
        catch (IOException error) { return false; }
""",
    "host_files": _any('"{secret}", "/proc/1/root{secret}", "/etc/shadow"', "readable(x)"),
    "host_write": _any(
        '"{folder}/hostile", "/usr/hostile", "/judge/inside/hostile", "/hostile"', "writable(x)"
    ),
    "environment": _HEAD
    + """
        return System.getenv().containsKey("JUDGE_HOST_SECRET") || works("bash", "-c",
            "cat /proc/[0-9]*/environ 2>&1 | grep -q JUDGE_HOST_SECRET");
""",
    "parent_kill": _HEAD
    + """
        ProcessHandle.allProcesses().filter(p -> p.pid() != ProcessHandle.current().pid())
            .forEach(p -> { try { p.destroyForcibly(); } catch (RuntimeException error) { } });
        works("bash", "-c", "kill -9 -1");
        return false;
""",
    "symlink": _HEAD
    + """
        for (String x : List.of("./link", "/tmp/link", "/dev/shm/link"))
            try {
                Files.createSymbolicLink(Path.of(x), Path.of("{secret}"));
                if (readable(x)) return true;
            } catch (IOException error) { }
        return false;
""",
    "ptrace": _HEAD
    + """
        for (int pid = 1; pid < ProcessHandle.current().pid(); pid++)
            try { new RandomAccessFile("/proc/" + pid + "/mem", "r"); return true; }
            catch (IOException error) { }
        return false;
""",
    "privileges": _HEAD
    + """
        return works("unshare", "--user", "--map-root-user", "true")
            || works("setpriv", "--reuid", "0", "true");
""",
    "daemon": _HEAD
    + """
        return works("bash", "-c", "setsid bash -c 'exec -a {marker} tail -f /dev/null' &");
""",
    "leftovers": _HEAD
    + f"for (String x : List.of({_FOLDERS})) writable(x"
    + ' + "/{marker}");\n        return true;\n',
    "find_leftovers": _any(_FOLDERS, 'readable(x + "/{marker}")'),
}
