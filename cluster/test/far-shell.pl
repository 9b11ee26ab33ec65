#!/usr/bin/perl
# far-shell.pl NAMESPACE ADDRESS COMMAND...
#
# Runs a command in another network namespace as ssh runs one on another machine: its stdin and stdout go through a TCP
# connection to ADDRESS there, and nothing else joins it with this process. A cut network leaves both as they are; the
# end of the connection is the end of the command's stdin.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SHUT_WR);

my $self = $0;

sub copy {
    my ($from, $to) = @_;
    my $n = sysread($from, my $bytes, 65536) or return 0;
    for (my $at = 0; $at < $n;) {
        $at += syswrite($to, $bytes, $n - $at, $at) // return 0;
    }
    return 1;
}

if ($ARGV[0] eq '--listen') {
    shift;
    my $address = shift;
    my $listener = IO::Socket::INET->new(LocalAddr => $address, LocalPort => 0, Listen => 1) or die "listen: $@\n";
    syswrite(STDOUT, $listener->sockport . "\n");
    $listener->timeout(20);
    my $connection = $listener->accept or exit 1;
    open(STDIN, '<&', $connection) or die "stdin: $!\n";
    open(STDOUT, '>&', $connection) or die "stdout: $!\n";
    close $connection;
    close $listener;
    exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n";
}

my ($namespace, $address, @command) = @ARGV;
pipe(my $said, my $says) or die "pipe: $!\n";
my $child = fork // die "fork: $!\n";
if ($child == 0) {
    exit 0 if fork;                      # whose parent is not this process, as on another machine
    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>&', $says);
    close $says;
    close $said;
    exec 'setsid', 'ip', 'netns', 'exec', $namespace, 'perl', $self, '--listen', $address, @command;
    exit 1;
}
waitpid $child, 0;
close $says;
my $port = <$said> // exit 1;
chomp $port;
my $far = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port, Timeout => 20) or die "connect: $@\n";
my $both = IO::Select->new(\*STDIN, $far);
while (1) {
    for my $ready ($both->can_read) {
        if ($ready == $far) {
            copy($far, \*STDOUT) or exit 0;
        }
        elsif (!copy(\*STDIN, $far)) {
            $both->remove(\*STDIN);
            shutdown($far, SHUT_WR);
        }
    }
}
