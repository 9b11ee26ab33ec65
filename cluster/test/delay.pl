#!/usr/bin/perl
# delay.pl HOST PORT MS: hands stdin to a port and what comes from there to stdout, each byte MS milliseconds later: a far
# machine, as a ProxyCommand of ssh.
use strict; use IO::Socket::INET; use IO::Select; use Time::HiRes qw(time);
my ($host, $port, $ms) = @ARGV; my $d = $ms / 1000;
my $s = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Proto => 'tcp') or die;
$s->setsockopt(6, 1, 1); binmode STDIN; binmode STDOUT; 
my (@up, @down); my $sel = IO::Select->new(\*STDIN, $s); my ($in_open, $s_open) = (1,1);
sub put { my ($fh, $b) = @_; my $o = 0; while ($o < length $b) { my $n = syswrite($fh, $b, length($b)-$o, $o); exit 0 unless defined $n; $o += $n; } }
while (1) {
  my $now = time; my $next = 1;
  while (@up && $up[0][0] <= $now) { put($s, (shift @up)->[1]); }
  while (@down && $down[0][0] <= $now) { put(\*STDOUT, (shift @down)->[1]); }
  exit 0 if !$s_open && !@down;
  for my $q (\@up, \@down) { if (@$q) { my $w = $q->[0][0] - $now; $next = $w if $w < $next; } }
  for my $fh ($sel->can_read($next < 0 ? 0 : $next)) {
    my $n = sysread($fh, my $b, 65536);
    if (!$n) { $sel->remove($fh); if ($fh == $s) { $s_open = 0 } else { $in_open = 0; exit 0 } next; }
    if ($fh == $s) { push @down, [time + $d, $b] } else { push @up, [time + $d, $b] }
  }
}
