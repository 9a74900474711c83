# The judge of Perl: a warm process that runs the tests of each task in a child of its own. The
# candidate is in another process, and a stand-in for its function asks it line by line.
package Judge;
use strict;
use warnings;
use FindBin ();
use Test::Deep ();
require "$FindBin::Bin/pl_values.pl";

open(our $relay, '>&', \*STDOUT) or die;
open(STDOUT, '>', '/dev/null') or die;
$relay->autoflush(1);
our $json = $Judge::Values::json;

# With a buffer of our own, which the parent empties when a child has taken over.
our $buffer = '';
sub line {
    while ((my $end = index($buffer, "\n")) < 0) {
        my $count = sysread(STDIN, $buffer, 65536, length $buffer);
        exit 0 unless $count;
    }
    $buffer =~ s/\A([^\n]*)\n//;
    return $1;
}

sub outcome {
    my ($status, $trace) = @_;
    print $relay '=', $json->encode({status => $status, trace => substr($trace, 0, 4000)}), "\n";
}

sub finish {
    outcome(@_);
    require POSIX;
    POSIX::_exit(0);
}

sub hear {
    my $line = line();
    finish('Gone', '') unless $line =~ s/\A<//;
    my $message = $json->decode($line);
    die "not a message\n" unless ref $message eq 'HASH';
    return $message;
}

sub ask {
    my ($name, $list, @args) = @_;
    my $request = {call => $name, list => $list ? 1 : 0, args => Judge::Values::plain(\@args)};
    print $relay '>', $json->encode($request), "\n";
    my $reply = hear();
    die $reply->{error} if defined $reply->{error};
    my @values = @{$reply->{values}};
    return $list ? @values : $values[-1];
}

sub run {
    my ($task) = @_;
    my $hello = hear();
    finish($hello->{syntax} ? 'SyntaxError' : 'Exception', $hello->{error}) if $hello->{error};
    no strict 'refs';
    for my $name (@{$task->{names}}) {
        *{"main::$name"} = sub { ask($name, wantarray, @_) };
    }
    my $done = eval "package main; no strict; no warnings; $task->{tests}\n;1";
    finish($done ? ('OK', '') : ('Exception', "$@"));
}

while (1) {
    my $line = line();
    next unless $line =~ /\A\{/;    # a late word of the last candidate
    my $child = fork;
    if (!$child) {
        eval { run($json->decode($line)); 1 } or finish('Exception', "$@");
    }
    $buffer = '';
    waitpid($child, 0);
    outcome('Exception', 'a test failed') if $?;
}
