# Appended to a candidate: answers calls on descriptors 3 and 4. Never sees the tests.
set -e
__judge_serve() {
    builtin local __judge_line __judge_out __judge_words __judge_i
    builtin local __judge_one='\' __judge_two='\\'
    builtin printf 'loaded\n' >&4
    while IFS= builtin read -r __judge_line <&3; do
        [[ $__judge_line = '{"op":"finish"}' ]] && builtin exit 0
        IFS=$'\x1f' builtin read -ra __judge_words <<< "$__judge_line"
        builtin unset "__judge_words[-1]"
        for __judge_i in "${!__judge_words[@]}"; do
            builtin printf -v "__judge_words[$__judge_i]" '%b' "${__judge_words[__judge_i]}"
        done
        __judge_out=$("${__judge_words[@]:1}" 3<&- 4>&-) || builtin :
        __judge_out=${__judge_out//"$__judge_one"/"$__judge_two"}
        builtin printf '%s %s\n' "${__judge_words[0]}" "${__judge_out//$'\n'/"${__judge_one}n"}" >&4
    done
    builtin exit 0
}
__judge_serve
