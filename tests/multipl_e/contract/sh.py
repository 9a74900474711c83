"""Bash programs by the status that they must get (the tests bring the closing brace)."""

PROGRAMS = {
    "OK": [
        'add() {\n    echo ERROR FAIL >&2\n    printf "\\x00" >&2\n    echo "$(($1 + $2))"',
        'add() {\n    head -c 1000000 /dev/zero >&2\n    echo "$(($1 + $2))"',
        'helper() {\n    bc <<< "$1 + $2"\n}\nadd() {\n    helper "$1" "$2"',
        'add() {\n    echo "$(($1 + $2))"\n    exit 0',
        'add() {\n    echo "$1" "$2" | awk \'{ print $1 + $2 }\'',
    ],
    "Exception": [
        'add() {\n    echo "OK all tests passed" >&2\n    echo 4',
        "add() {\n    return 0",
        'add() {\n    echo "$(($1 - $2))"',
        "add() {\n    exit 0",
        "add() {\n    echo ok\n    kill $$",
        "add() {\n    echo '*'",
        "run_test() { return 0; }\nadd() {\n    echo 4",
    ],
    "SyntaxError": ['add() {\n    echo "3', "add() {\n    if"],
    "Incomplete": [
        "exit 0\nadd() {\n    echo 4",
        'trap "exit 0" EXIT\nset -e\nfalse\nadd() {\n    echo 4',
        "exec true\nadd() {\n    echo 4",
    ],
    "Exception|Incomplete": [
        "function [[ { return 0; }\nadd() {\n    echo 4",
        'trap "exit 0" EXIT\nadd() {\n    echo 4',
        "shopt -s nocasematch extglob\nadd() {\n    echo '?'",
        "set +e\nset() { :; }\nadd() {\n    echo 4",
        "printf 'loaded\\n3\\n3\\n' >&4\nexit 0\nadd() {\n    echo 4",
    ],
    "Timeout": ["add() {\n    while :; do :; done"],
    "OutputLimit": ["add() {\n    yes >&2"],
}
