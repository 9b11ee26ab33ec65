package parallel.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A wire whose other end is a JVM like this one: same java, same options, same class path. Rounds are announced over
 * its stdin, on which it waits between them.
 */
abstract class ForkedWire implements Wire
{
    private final BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    /** Null in the other end. */
    private final Process other;
    private final PrintStream toOther;

    /**
     * An end.
     *
     * @param other the process of the other end, null in that itself.
     */
    ForkedWire(Process other)
    {
        this.other = other;
        this.toOther = other == null ? null : new PrintStream(other.getOutputStream(), true);
    }

    /**
     * Starts the other end.
     *
     * @param name    of the wire.
     * @param address for its {@code join}.
     * @return the process.
     * @throws IOException if it cannot be started.
     */
    static Process fork(String name, String address) throws IOException
    {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), OtherEnd.class.getName(), name, address));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(
            ProcessBuilder.Redirect.INHERIT).start();
    }

    @Override
    public final void announce(Round round)
    {
        toOther.println(round);
    }

    @Override
    public final Round next() throws Exception
    {
        String line = in.readLine();
        return line == null ? null : Round.parse(line);
    }

    @Override
    public final long otherPid()
    {
        return other.pid();
    }

    /**
     * Releases what this end holds.
     *
     * @throws Exception if that fails.
     */
    abstract void release() throws Exception;

    @Override
    public final void close() throws Exception
    {
        if (other != null)
        {
            toOther.close();
            other.waitFor();
        }
        release();
    }
}
