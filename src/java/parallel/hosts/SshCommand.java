package parallel.hosts;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The command that reaches a host by the user's own ssh, as {@code ~/.ssh/config} says of it. What could ask, or could
 * leave something behind, is switched off; how host keys are checked stays as it is configured.
 *
 * @param host    as the user has named it.
 * @param options of the user's, for ssh.
 * @param local   socket here that ssh listens on.
 * @param remote  what it forwards that to: a socket there, or an address and a port there.
 */
public record SshCommand(String host, List<String> options, String local, String remote) implements AgentCommand
{
    /** What ssh exits with when it fails itself, and when a signal ends what it has started there. */
    private static final int FAILED = 255;
    private static final int BY_SIGNAL = 128;
    private static final String PROGRAM = "ssh";
    private static final Pattern BROKE =
        Pattern.compile("Connection .*(closed|reset)|client_loop|Timeout, server|Broken pipe");
    /** The first value of an option counts: these stand before the user's. */
    private static final List<String> OWN = List.of("-T", "-e", "none", "-o", "BatchMode=yes", "-o", "ForwardAgent=no",
        "-o", "ForwardX11=no", "-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none", "-o", "ControlMaster=no",
        "-o", "ExitOnForwardFailure=no", "-o", "Ciphers=^aes128-gcm@openssh.com");
    private static final String TRY = "Type\n    %s true\n  ";
    private static final List<Map.Entry<String, String>> ADVICE = List.of(
        Map.entry("Could not resolve hostname",
            "There is no machine with the name %h: neither ~/.ssh/config nor the name service knows it."),
        Map.entry("REMOTE HOST IDENTIFICATION HAS CHANGED",
            "The key of %h is not the one that ssh knows. It may be another machine: find out why before you remove " +
                "the old key with ssh-keygen -R."),
        Map.entry("Host key verification failed",
            "ssh does not know the key of %h. %tand compare the fingerprint; then add the host again."),
        Map.entry("Permission denied",
            "%h does not let you in without a question, such as for a password. %tuntil that asks nothing: set up a " +
                "key, and load it with ssh-add."),
        Map.entry("Too many authentication failures",
            "%h does not let you in: ssh has offered too many keys. Name the right one in ~/.ssh/config."),
        Map.entry("Connection refused", "No sshd answers on %h: start it there, or correct the port."),
        Map.entry("No route to host", "There is no route to %h from this machine: check the network."),
        Map.entry("timed out", "%h does not answer: check that it is up, and the network."));

    @Override
    public List<String> words()
    {
        List<String> words = new ArrayList<>(List.of(PROGRAM));
        words.addAll(OWN);
        words.addAll(options);
        words.addAll(List.of("-L", local + ":" + remote, "--", host));
        return words;
    }

    /** One word: sshd gives it to a shell. */
    @Override
    public List<String> running(String script)
    {
        List<String> words = words();
        words.add("exec sh -c '" + script + "'");
        return words;
    }

    @Override
    public String cannotBeRun(IOException why)
    {
        return "There is no ssh on this machine, or it cannot be run: install the client of OpenSSH. " +
            why.getMessage();
    }

    /** {@code connection} where ssh says that its own broke, {@code launcher-exit} where ssh was killed. */
    @Override
    public String whyEnded(int exit, String errors)
    {
        return exit == FAILED ? BROKE.matcher(errors).find() ? "connection" : "agent-died" :
            exit > BY_SIGNAL ? "launcher-exit" : "agent-died";
    }

    @Override
    public String advice(String errors)
    {
        for (Map.Entry<String, String> each : ADVICE)
        {
            if (errors.contains(each.getKey()))
            {
                return each.getValue().replace("%t", TRY.formatted(line())).replace("%h", host);
            }
        }
        return null;
    }

    /** What became of the forwarded socket, or null. */
    public String adviceOfForward(String errors)
    {
        return errors.contains("open failed") || errors.contains("forwarding") ?
            "The sshd of " + host + " forwards no " + (remote.startsWith("/") ? "sockets: allow it there " +
            "(AllowStreamLocalForwarding), or give the host the option forward tcp." :
            "connections: allow it there (AllowTcpForwarding).") : null;
    }

    /** What a person types. */
    private String line()
    {
        return PROGRAM + options.stream().map(word -> " " + (word.matches("[\\w./:=@%+,^-]+") ? word :
            "'" + word.replace("'", "'\\''") + "'")).collect(Collectors.joining()) + " " + host;
    }
}
