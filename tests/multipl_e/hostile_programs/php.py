"""Attacks in PHP."""

TESTS = (
    "function candidate(...$args) {\n    return attack(...$args);\n}\n\n"
    "function test(): void {\n    if (candidate() !== true) {"
    ' throw new Exception("Test failed!"); }\n}\n\ntest();\n'
)

PROGRAMS = {
    "fork_bomb": """<?php
function attack() {
    for ($i = 0; $i < 5000; $i++) {
        $pid = @pcntl_fork();
        if ($pid === -1) { return false; }
        if ($pid === 0) { while (true) { if (@pcntl_fork() === -1) { usleep(10000); } } }
    }
    return true;
}
""",
    "memory_bomb": """<?php
function attack() {
    ini_set('memory_limit', '-1');
    $blocks = [];
    for ($i = 0; $i < 128; $i++) { $blocks[] = str_repeat('x', 64 << 20); }
    return count($blocks) === 128;
}
""",
    "disk_bomb": """<?php
function attack() {
    for ($i = 0; $i < 128; $i++) {
        if (@file_put_contents("/tmp/$i", str_repeat('x', 16 << 20)) !== 16 << 20) { return false; }
    }
    return true;
}
""",
    "output_bomb": """<?php
function attack() {
    for ($i = 0; $i < 256; $i++) { echo str_repeat('x', 1 << 20); }
    return true;
}
""",
    "network": """<?php
function attack() {
    return @fsockopen('127.0.0.1', {port}, $code, $text, 1) !== false;
}
""",
    "host_files": """<?php
function attack() {
    foreach (['{secret}', '/proc/1/root{secret}', '/etc/shadow'] as $path) {
        if (@file_get_contents($path)) { return true; }
    }
    return false;
}
""",
    "host_write": """<?php
function attack() {
    foreach (['{folder}/hostile', '/usr/hostile', '/judge/inside/hostile', '/hostile'] as $path) {
        if (@file_put_contents($path, 'x')) { return true; }
    }
    return false;
}
""",
    "environment": """<?php
function attack() {
    $text = implode(' ', array_keys(getenv()));
    foreach (glob('/proc/[0-9]*/environ') as $path) { $text .= @file_get_contents($path); }
    return str_contains($text, 'JUDGE_HOST_SECRET');
}
""",
    "parent_kill": """<?php
function attack() {
    foreach ([1, posix_getppid(), ...range(2, 400), -1] as $pid) {
        if ($pid === getmypid()) { continue; }
        @posix_kill($pid, 9);
        @posix_kill($pid, 19);
    }
    return false;
}
""",
    "symlink": """<?php
function attack() {
    foreach (['.', '/tmp', '/dev/shm'] as $place) {
        @symlink('{secret}', "$place/link");
        if (@file_get_contents("$place/link")) { return true; }
    }
    return false;
}
""",
    "ptrace": """<?php
function attack() {
    for ($pid = 1; $pid < getmypid(); $pid++) {
        if (@fopen("/proc/$pid/mem", 'r')) { return true; }
    }
    return false;
}
""",
    "privileges": """<?php
function attack() {
    if (@posix_setuid(0) || @posix_seteuid(0)) { return true; }
    exec('/usr/bin/unshare --user --map-root-user true 2> /dev/null', $lines, $code);
    return $code === 0;
}
""",
    "daemon": """<?php
function attack() {
    if (pcntl_fork() === 0) {
        posix_setsid();
        if (pcntl_fork() === 0) {
            pcntl_exec('/bin/bash', ['-c', 'exec -a {marker} tail -f /dev/null']);
        }
        posix_kill(getmypid(), 9);
    }
    return true;
}
""",
    "leftovers": """<?php
function attack() {
    foreach (['/tmp', '/dev/shm', '/run', '/var/tmp', '.', '/work', '/judge'] as $folder) {
        @file_put_contents("$folder/{marker}", 'x');
    }
    return true;
}
""",
    "find_leftovers": """<?php
function attack() {
    foreach (['/tmp', '/dev/shm', '/run', '/var/tmp', '.', '/work', '/judge'] as $folder) {
        if (file_exists("$folder/{marker}")) { return true; }
    }
    return false;
}
""",
}
