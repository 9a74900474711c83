"""Attacks in JavaScript."""

TESTS = (
    "const assert = require('node:assert');\nfunction test() {\n  let candidate = attack;\n"
    "  assert.deepEqual(candidate(), true);\n}\ntest();\n"
)

PROGRAMS = {
    "fork_bomb": """
function attack() {
    const { spawn } = require('child_process');
    let started = 0;
    for (let i = 0; i < 5000; i++) {
        const child = spawn('/usr/bin/tail', ['-f', '/dev/null'], { detached: true });
        child.on('error', () => {});
        if (child.pid === undefined) return false;
        started++;
    }
    return started === 5000;
}
""",
    "memory_bomb": """
function attack() {
    const blocks = [];
    for (let i = 0; i < 128; i++) blocks.push(Buffer.alloc(64 << 20, 1));
    return blocks.length === 128;
}
""",
    "disk_bomb": """
function attack() {
    const fs = require('fs');
    try {
        for (let i = 0; i < 128; i++) fs.writeFileSync(`/tmp/${i}`, Buffer.alloc(16 << 20, 1));
    } catch (error) { return false; }
    return true;
}
""",
    "output_bomb": """
function attack() {
    const fs = require('fs');
    const block = 'x'.repeat(1 << 20);
    for (let i = 0; i < 256; i++) {
        try { fs.writeSync(1, block); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
    }
    return true;
}
""",
    "network": """
function attack() {
    const { spawnSync } = require('child_process');
    const code = `const s = require('net').connect({port}, '127.0.0.1');
        s.on('connect', () => process.exit(7)); s.on('error', () => process.exit(1));`;
    return spawnSync(process.execPath, ['-e', code]).status === 7;
}
""",
    "host_files": """
function attack() {
    for (const path of ['{secret}', '/proc/1/root{secret}', '/etc/shadow']) {
        try { if (require('fs').readFileSync(path, 'utf8')) return true; } catch {}
    }
    return false;
}
""",
    "host_write": """
function attack() {
    for (const path of ['{folder}/hostile', '/usr/hostile', '/judge/inside/hostile', '/hostile']) {
        try { require('fs').writeFileSync(path, 'x'); return true; } catch {}
    }
    return false;
}
""",
    "environment": """
function attack() {
    const fs = require('fs');
    const texts = [JSON.stringify(process.env)];
    for (const pid of fs.readdirSync('/proc')) {
        try { texts.push(fs.readFileSync(`/proc/${pid}/environ`, 'utf8')); } catch {}
    }
    return texts.some((text) => text.includes('JUDGE_HOST_SECRET'));
}
""",
    "parent_kill": """
function attack() {
    for (const pid of [1, process.ppid, -1, ...Array(400).keys()]) {
        if (pid === 0 || pid === process.pid) continue;
        for (const signal of ['SIGKILL', 'SIGSTOP']) try { process.kill(pid, signal); } catch {}
    }
    return false;
}
""",
    "symlink": """
function attack() {
    const fs = require('fs');
    for (const place of ['.', '/tmp', '/dev/shm']) {
        try {
            fs.symlinkSync('{secret}', `${place}/link`);
            if (fs.readFileSync(`${place}/link`, 'utf8')) return true;
        } catch {}
    }
    return false;
}
""",
    "ptrace": """
function attack() {
    const fs = require('fs');
    for (let pid = 1; pid < process.pid; pid++) {
        try { fs.openSync(`/proc/${pid}/mem`, 'r'); return true; } catch {}
    }
    return false;
}
""",
    "privileges": """
function attack() {
    try { process.setuid(0); return true; } catch {}
    const { spawnSync } = require('child_process');
    return spawnSync('/usr/bin/unshare', ['--user', '--map-root-user', 'true']).status === 0;
}
""",
    "daemon": """
function attack() {
    const { spawn } = require('child_process');
    const child = spawn('/usr/bin/tail', ['-f', '/dev/null'],
                        { detached: true, stdio: 'ignore', argv0: '{marker}' });
    child.unref();
    return true;
}
""",
    "leftovers": """
function attack() {
    for (const folder of ['/tmp', '/dev/shm', '/run', '/var/tmp', '.', '/work', '/judge']) {
        try { require('fs').writeFileSync(`${folder}/{marker}`, 'x'); } catch {}
    }
    return true;
}
""",
    "find_leftovers": """
function attack() {
    const fs = require('fs');
    const folders = ['/tmp', '/dev/shm', '/run', '/var/tmp', '.', '/work', '/judge'];
    return folders.some((folder) => fs.existsSync(`${folder}/{marker}`));
}
""",
}
