# Plain values of Perl for the wire; anything else dies.
package Judge::Values;
use strict;
use warnings;
use JSON::PP ();

our $json = JSON::PP->new->ascii->allow_nonref->max_depth(4096);

sub plain {
    my ($value, $depth) = (@_, 0);
    die "a value that is nested too deeply\n" if $depth > 2000;
    my $kind = ref $value;
    return $value if $kind eq '';
    return [map { plain($_, $depth + 1) } @$value] if $kind eq 'ARRAY';
    return {map { $_ => plain($value->{$_}, $depth + 1) } keys %$value} if $kind eq 'HASH';
    die "a value of kind $kind cannot be compared\n";
}

1;
