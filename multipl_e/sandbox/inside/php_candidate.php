<?php
// The candidate's side: load its file, then answer calls on descriptors 3 and 4. Never sees the
// tests. Everything of ours is in a namespace, so that no name is taken.

namespace __Judge {
    final class Server {
        public static function run(): void {
            $requests = \fopen('php://fd/3', 'r');
            while (($line = \fgets($requests)) !== false) {
                $message = \json_decode($line, true);
                if (isset($message['op'])) { break; }
                try {
                    $args = \unserialize(\base64_decode($message['args']));
                    $value = ($message['call'])(...$args);
                    $reply = ['value' => \base64_encode(\serialize($value))];
                } catch (\Throwable $error) {
                    $reply = ['error' => (string) $error];
                }
                self::send($reply);
            }
            exit(0);
        }

        public static function send(array $message): void {
            static $answers = null;
            $answers ??= \fopen('php://fd/4', 'w');
            \fwrite($answers, \json_encode($message, JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
        }
    }
}

namespace {
    array_shift($argv);
    $argc--;
    if (getenv('JUDGE_COVERAGE') && extension_loaded('pcov')) {
        (function (string $file) {
            $write = function () use ($file) {
                $lines = \pcov\collect(\pcov\inclusive, [$file])[$file] ?? [];
                file_put_contents('coverage.txt', implode("\n", array_keys($lines, 1)));
            };
            register_shutdown_function($write);
            pcntl_async_signals(true);
            pcntl_signal(SIGTERM, fn () => exit(1)); // out of time
            \pcov\start();
        })(getcwd() . '/' . $argv[0]);
    }
    try {
        require getcwd() . '/' . $argv[0];
    } catch (ParseError $error) {
        \__Judge\Server::send(['error' => (string) $error, 'syntax' => true]);
        exit(255);
    }
    \__Judge\Server::send(['loaded' => true]);
    \__Judge\Server::run();
}
