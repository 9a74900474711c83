"""Attacks in Bash (the tests bring the closing brace)."""

TESTS = (
    '}\n\ncandidate() {\n    attack "$@"\n}\n\nset -e\nrun_test() {\n'
    '    [[ $(candidate) = "true" ]]\n}\n\nrun_test\n'
)

_TRY = "&& echo true && return\n    done\n    echo false\n"

PROGRAMS = {
    "fork_bomb": """
attack() {
    bomb() { bomb | bomb & }
    bomb > /dev/null 2>&1
    for ((SECONDS = 0; SECONDS < 2; )); do :; done
    echo false
""",
    "memory_bomb": """
attack() {
    for i in 1 2 3 4; do printf -v block$i '%*s' 2000000000 ''; done
    echo true
""",
    "disk_bomb": """
attack() {
    for i in {1..32}; do
        head -c 67108864 /dev/zero > /tmp/$i || { echo false; return; }
    done
    echo true
""",
    "output_bomb": """
attack() {
    for i in {1..256}; do head -c 1048576 /dev/zero >&2; done
    echo true
""",
    "network": """
attack() {
    for host in 127.0.0.1 ::1; do
        (exec 9<> /dev/tcp/$host/{port}) 2> /dev/null """
    + _TRY,
    "host_files": """
attack() {
    for path in {secret} /proc/1/root{secret} /etc/shadow; do
        [ -n "$(cat $path 2> /dev/null)" ] """
    + _TRY,
    "host_write": """
attack() {
    for path in {folder}/hostile /usr/hostile /judge/inside/hostile /hostile; do
        (echo x > $path) 2> /dev/null """
    + _TRY,
    "environment": """
attack() {
    if (env; cat /proc/[0-9]*/environ) 2> /dev/null | grep -q JUDGE_HOST_SECRET
    then echo true; else echo false; fi
""",
    "parent_kill": """
attack() {
    for pid in 1 $PPID {2..400}; do
        [ $pid = $$ ] || [ $pid = $BASHPID ] || kill -9 $pid 2> /dev/null
    done
    echo false
    kill -9 -1
""",
    "symlink": """
attack() {
    for place in . /tmp /dev/shm; do
        ln -s {secret} $place/link 2> /dev/null
        [ -n "$(cat $place/link 2> /dev/null)" ] """
    + _TRY,
    "ptrace": """
attack() {
    for ((pid = 1; pid < $$; pid++)); do
        (prlimit --pid $pid --nofile=0:0 || exec 9< /proc/$pid/mem) 2> /dev/null """
    + _TRY,
    "privileges": """
attack() {
    for way in 'unshare --user --map-root-user' 'unshare --mount' 'setpriv --reuid 0'; do
        $way true 2> /dev/null """
    + _TRY,
    "daemon": """
attack() {
    (setsid bash -c 'exec -a {marker} tail -f /dev/null' > /dev/null 2>&1 < /dev/null &)
    echo true
""",
    "leftovers": """
attack() {
    for folder in /tmp /dev/shm /run /var/tmp . /work /judge; do
        (echo x > $folder/{marker}) 2> /dev/null
    done
    echo true
""",
    "find_leftovers": """
attack() {
    for folder in /tmp /dev/shm /run /var/tmp . /work /judge; do
        [ -e $folder/{marker} ] """
    + _TRY,
}
