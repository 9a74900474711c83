"""Attacks in Perl."""

TESTS = (
    "use Test::Deep;\n\n\nsub testhumaneval {\n    my $candidate = \\&attack;\n"
    '        if(eq_deeply($candidate->(),1)) {\n        print "ok!" }else{\n'
    "        exit 1;\n        }\n}\n\ntesthumaneval();\n"
)

PROGRAMS = {
    "fork_bomb": """
sub attack {
    for (1 .. 5000) {
        my $pid = fork;
        return 0 unless defined $pid;
        if (!$pid) { while (1) { defined(fork) or select(undef, undef, undef, 0.01); } }
    }
    return 1;
}
""",
    "memory_bomb": """
sub attack {
    my @blocks;
    push @blocks, 'x' x (64 << 20) for 1 .. 128;
    return @blocks == 128;
}
""",
    "disk_bomb": """
sub attack {
    for my $number (1 .. 128) {
        open(my $file, '>', "/tmp/$number") or return 0;
        print {$file} 'x' x (16 << 20) or return 0;
        close($file) or return 0;
    }
    return 1;
}
""",
    "output_bomb": """
sub attack {
    print 'x' x (1 << 20) for 1 .. 256;
    return 1;
}
""",
    "network": """
use IO::Socket::INET;
sub attack {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => {port}) ? 1 : 0;
}
""",
    "host_files": """
sub attack {
    for my $path ('{secret}', '/proc/1/root{secret}', '/etc/shadow') {
        if (open(my $file, '<', $path)) { return 1 if length(<$file>); }
    }
    return 0;
}
""",
    "host_write": """
sub attack {
    for my $path ('{folder}/hostile', '/usr/hostile', '/judge/inside/hostile', '/hostile') {
        return 1 if open(my $file, '>', $path);
    }
    return 0;
}
""",
    "environment": """
sub attack {
    my $text = join(' ', %ENV);
    for my $path (glob('/proc/[0-9]*/environ')) {
        if (open(my $file, '<', $path)) { local $/; $text .= <$file>; }
    }
    return index($text, 'JUDGE_HOST_SECRET') >= 0 ? 1 : 0;
}
""",
    "parent_kill": """
sub attack {
    for my $pid (1, getppid, 2 .. 400, -1) {
        next if $pid == $$;
        kill('KILL', $pid);
        kill('STOP', $pid);
    }
    return 0;
}
""",
    "symlink": """
sub attack {
    for my $place ('.', '/tmp', '/dev/shm') {
        symlink('{secret}', "$place/link");
        if (open(my $file, '<', "$place/link")) { return 1 if length(<$file>); }
    }
    return 0;
}
""",
    "ptrace": """
sub attack {
    for my $pid (1 .. $$ - 1) {
        return 1 if open(my $file, '<', "/proc/$pid/mem");
    }
    return 0;
}
""",
    "privileges": """
sub attack {
    $> = 0;
    $< = 0;
    return 1 if $> == 0 || $< == 0;
    return system('/usr/bin/unshare --user --map-root-user true 2> /dev/null') == 0 ? 1 : 0;
}
""",
    "daemon": """
use POSIX ();
sub attack {
    if (!fork) {
        POSIX::setsid();
        if (!fork) { exec {'/usr/bin/tail'} '{marker}', '-f', '/dev/null'; }
        POSIX::_exit(0);
    }
    return 1;
}
""",
    "leftovers": """
sub attack {
    for my $folder ('/tmp', '/dev/shm', '/run', '/var/tmp', '.', '/work', '/judge') {
        if (open(my $file, '>', "$folder/{marker}")) { print {$file} 'x'; }
    }
    return 1;
}
""",
    "find_leftovers": """
sub attack {
    for my $folder ('/tmp', '/dev/shm', '/run', '/var/tmp', '.', '/work', '/judge') {
        return 1 if -e "$folder/{marker}";
    }
    return 0;
}
""",
}
