<?php
// The judge of PHP: a warm process that runs the tests of each task in a child of its own. The
// candidate is in another process, and a stand-in for its function asks it line by line. Values
// cross as PHP's own serialization, in which objects are never brought to life.

class Gone extends Error {}

// With a buffer of our own, which the parent empties when a child has taken over.
$buffer = '';
function take_line(): string {
    global $buffer;
    while (($stop = strpos($buffer, "\n")) === false) {
        $more = fread(STDIN, 65536);
        if ($more === false || $more === '') { exit(0); }
        $buffer .= $more;
    }
    $line = substr($buffer, 0, $stop);
    $buffer = substr($buffer, $stop + 1);
    return $line;
}

function hear(): array {
    $line = take_line() . "\n";
    if ($line[0] !== '<') { throw new Gone('the candidate ended'); }
    $message = json_decode(substr($line, 1), true);
    if (!is_array($message)) { throw new Exception('not a message'); }
    return $message;
}

function ask(string $name, array $args): mixed {
    fwrite(STDOUT, '>' . json_encode(['call' => $name, 'args' => base64_encode(serialize($args))]) . "\n");
    $reply = hear();
    if (isset($reply['error'])) { throw new Exception($reply['error']); }
    return unserialize(base64_decode($reply['value'] ?? ''), ['allowed_classes' => false]);
}

// In a child: nothing that the tests define stays.
function judge(array $task): array {
    $status = 'OK';
    $trace = '';
    try {
        $hello = hear();
        if (isset($hello['error'])) {
            if (!empty($hello['syntax'])) { $status = 'SyntaxError'; }
            throw new Exception($hello['error']);
        }
        foreach ($task['names'] as $name) {
            if (!function_exists($name)) {
                eval("function $name(...\$args) { return ask('$name', \$args); }");
            }
        }
        ob_start(fn () => '', 4096);
        eval($task['tests']);
        ob_end_clean();
    } catch (Gone) {
        $status = 'Gone';
    } catch (Throwable $error) {
        if ($status === 'OK') { $status = 'Exception'; }
        $trace = substr((string) $error, 0, 4000);
    }
    while (ob_get_level()) { ob_end_clean(); }
    return ['status' => $status, 'trace' => $trace];
}

stream_set_read_buffer(STDIN, 0);
while (true) {
    $line = take_line();
    if (!str_starts_with($line, '{')) { continue; } // a late word of the last candidate
    $pid = pcntl_fork();
    if ($pid === 0) {
        $outcome = judge(json_decode($line, true));
        fwrite(STDOUT, '=' . json_encode($outcome, JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
        exit(0);
    }
    $buffer = '';
    pcntl_waitpid($pid, $state);
    if (!pcntl_wifexited($state) || pcntl_wexitstatus($state) !== 0) {
        fwrite(STDOUT, '={"status":"Exception","trace":"the tests ended early"}' . "\n");
    }
}
