"""Perl programs by the status that they must get."""

F = "sub add {\n    my ($x, $y) = @_;\n"
PROGRAMS = {
    "OK": [
        F + '    print "ERROR FAIL \\0";\n    return $x + $y;\n}',
        F + '    print "x" x 1000000;\n    return $x + $y;\n}',
        F + "    return ($x + $y);\n}\nprint add(4, 5);\n0;",
        "use strict;\nuse warnings;\nmy %memo;\n" + F + "    return $memo{$x} //= $x + $y;\n}",
    ],
    "Exception": [
        F + '    print "ok!";\n    return 0;\n}',
        F + "    return $x - $y;\n}",
        F + "    return [3];\n}",
        F + "    die 'no';\n}",
        F + "    return undefined_name($x);\n}",
        "package Any;\nuse overload 'eq' => sub { 1 }, '==' => sub { 1 }, '\"\"' => sub { '3' };\n"
        "package main;\n" + F + "    return bless {}, 'Any';\n}",
        "use Test::Deep;\nno warnings;\n*eq_deeply = sub { 1 };\n"
        "*Test::Deep::eq_deeply = sub { 1 };\n"
        "*main::testhumaneval = sub { 1 };\n" + F + "    return 0;\n}",
        "exit(3);",
    ],
    "SyntaxError": [F + "    return ($x + ;\n}", F + "    return $x + $y;\n"],
    "Incomplete": [
        F + "    exit(0);\n}",
        F + "    require POSIX; POSIX::_exit(0);\n}",
        "exit(0);\n" + F + "    return 0;\n}",
        "BEGIN { exit(0); }\n" + F + "    return 0;\n}",
        "END { $? = 0; }\n" + F + "    exit(1);\n}",
        F + "    return 0;\n}\n__END__\n",
    ],
    "Exception|Incomplete": [
        "$SIG{__DIE__} = sub { exit 0 };\n" + F + "    die;\n}",
        'for my $n (1 .. 12) { if (open(my $f, ">&=", $n)) {'
        ' syswrite($f, \'={"status":"OK"}\' . "\\n"); } }\nexit 0;',
        F + "    kill 9, $$;\n}",
    ],
    "Timeout": [F + "    1 while 1;\n}", F + "    sleep 60;\n}"],
    "OutputLimit": [F + '    print "x" x 100000 while 1;\n}'],
}
