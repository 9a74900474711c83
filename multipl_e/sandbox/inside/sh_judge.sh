# The judge of Bash: a warm shell that runs the tests, each in a subshell. The candidate is in
# another process, and a stand-in for its function asks it line by line; what it printed comes back.
# One task per line on standard input: a JSON string of the tests (escaped) and the function's names.

exec 5>&1 6<&0 1> /dev/null
one='\'
two='\\'
separator=$'\x1f'

# Has the candidate run a function with arguments and prints what that printed. The answer must
# begin with the number of the question, so that answers written before it was asked are none.
ask() {
    local number=$SRANDOM part reply
    local request=$number$separator
    for part; do
        part=${part//"$one"/"$two"}
        part=${part//$'\n'/"${one}n"}
        request+=${part//"$separator"/"${one}x1f"}$separator
    done
    printf '>%s.\n' "$request" >&5
    IFS= read -r reply <&6 || reply='!'
    # The subshell that asks is not the one that runs the tests: end that, whatever it would do.
    [[ $reply = "<$number "* ]] || kill -9 "$tests_pid" $BASHPID
    printf '%b' "${reply#"<$number "}"
}

outcome() {
    printf '={"status":"%s","trace":"%s","loaded":%s}\n' "$1" "$2" "$3" >&5
}

judge() {
    local words tests hello name
    read -ra words <<< "${1//\"/}"
    printf -v tests '%b' "${words[0]}" # JSON's own escapes of the backslashes
    printf -v tests '%b' "$tests"
    IFS= read -r hello <&6 || exit
    if [[ $hello != '<loaded' ]]; then
        outcome Gone '' false
        return
    fi
    (
        tests_pid=$BASHPID
        for name in "${words[@]:1}"; do
            eval "$name() { ask $name \"\$@\"; }"
        done
        eval "$tests"
    ) 2> /dev/null
    case $? in
        0) outcome OK '' true ;;
        137) outcome Gone '' true ;;
        *) outcome Exception 'a test failed' true ;;
    esac
}

while IFS= read -r line <&6; do
    # Anything else is a late word of the last candidate.
    [[ $line = '"'* ]] && judge "$line"
done
