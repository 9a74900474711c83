# The candidate's side: load its file, then answer calls on descriptors 3 and 4. Never sees the
# tests.
package Judge;
use strict;
use warnings;
no warnings "once";
use Cwd ();
use FindBin ();
require "$FindBin::Bin/pl_values.pl";

our $json = $Judge::Values::json;
open(our $requests, '<&=', 3) or die;
open(our $answers, '>&=', 4) or die;
$answers->autoflush(1);
our $loaded = 0;

sub send_line { print {$answers} $json->encode($_[0]), "\n" }

sub answer {
    my ($message) = @_;
    no strict 'refs';
    my $function = \&{"main::$message->{call}"};
    my @values;
    {
        local ($,, $\, $/) = (undef, undef, "\n");
        @values = $message->{list} ? $function->(@{$message->{args}})
            : scalar $function->(@{$message->{args}});
    }
    return {values => Judge::Values::plain(\@values)};
}

$0 = shift @ARGV;

# Executed lines, for who wants them: Perl calls DB::DB before each statement that is compiled from
# here on. A line is written when it is first seen, so that a killed program leaves its lines too.
if ($ENV{JUDGE_COVERAGE}) {
    my $file = Cwd::getcwd() . "/$0";
    my @seen;
    open(my $lines, '>', 'coverage.txt') or die;
    no warnings 'redefine';
    *DB::DB = sub {
        my (undef, $from, $line) = caller;
        return if $seen[$line] || $from ne $file;
        $seen[$line] = 1;
        syswrite($lines, "$line\n");
    };
    $^P = 0x06; # not optimized, or blocks of one statement would be left out
    $DB::single = 1;
}
{
    package main;
    no strict;
    no warnings;
    do(Cwd::getcwd() . "/$0");
}
if (!$loaded) {
    my $error = $@;
    exit 0 if $error eq '';    # its end was not reached
    my $syntax = $error =~ /syntax error|compilation|Missing right|Unmatched right|Can't find string/;
    send_line({error => "$error", syntax => $syntax ? 1 : 0});
    exit 255;
}
{
    local ($,, $\) = (undef, undef);
    send_line({loaded => 1});
}
while (defined(my $line = do { local $/ = "\n"; <$requests> })) {
    my $message = $json->decode($line);
    exit 0 if $message->{op};
    my $reply = eval { answer($message) } || {error => "$@"};
    local ($,, $\) = (undef, undef);
    send_line($reply);
}
