# Read by Bash before a candidate whose executed lines are wanted.
exec 9> coverage.txt
BASH_XTRACEFD=9
PS4='@${LINENO}@ '
set -x
