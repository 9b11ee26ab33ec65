package parallel.hosts;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import parallel.control.Version;
import parallel.process.ArgumentFile;
import parallel.process.Blob;
import parallel.process.Output;
import parallel.process.PolledInput;
import parallel.relay.HostNotAddedException;
import parallel.runtime.Threads;

/**
 * An agent that is started by a command with a stdin and a stdout, which runs what follows it on the host. Its stdin is
 * the agent's lifeline. On its stdout a script asks for the code that is not there, and the agent says, in one line,
 * where it listens.
 *
 * <pre>
 *   parallel-need SUM:BYTES ...
 *   parallel-agent RELEASE PORT NAME ADDRESS
 * </pre>
 */
public final class AgentLaunch implements AutoCloseable
{
    private static final String SCRIPT = "/parallel/agent.sh";
    private static final String GREETING = "parallel-agent ";
    private static final String NEED = "parallel-need ";
    /** What the host is to run: it reads the script, and evaluates it. No shell finds anything to expand in it. */
    private static final String READER = "read -r n && eval \"$(dd bs=1 count=$n 2>/dev/null)\"";
    private static final int NOT_LISTENING = 69;
    private static final int OUTPUT_BYTES = 1 << 20;
    /** Other lines than the agent's, such as a greeting of the machine: so many, and for so long. */
    private static final int MOST_FOREIGN = 50;
    private static final long FOREIGN_MS = 3000;
    private static final long LOOK_EVERY_MS = 20;
    private static final long OUTPUT_AFTER_EXIT_MS = 500;
    private static final long EXIT_MS = 2000;

    private final Plan plan;
    private final Process process;
    private final Output output;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    /** Where the agent listens, and its machine's name and first address. */
    public record Listening(int port, String name, String address)
    {
    }

    /**
     * How an agent is started.
     *
     * @param host      number of it.
     * @param command   that runs what follows it there.
     * @param java      the java command there, or null.
     * @param nice      how nice to be.
     * @param directory to be in, if it is there.
     * @param code      of the agent; empty where the class path is among the arguments.
     * @param arguments of java, the main class at the end.
     * @param message   the first that the agent reads.
     */
    public record Plan(int host, AgentCommand command, String java, int nice, String directory, List<Blob> code,
        List<String> arguments, byte[] message)
    {
        private byte[] head()
        {
            List<String> lines = new ArrayList<>(List.of(java == null ? "" : java, String.valueOf(nice), directory,
                String.valueOf(code.size())));
            code.forEach(blob -> lines.add(blob.sum() + " " + blob.bytes()));
            List<String> quoted = ArgumentFile.lines(arguments);
            lines.add(String.valueOf(quoted.size()));
            lines.addAll(quoted);
            return (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
        }
    }

    private AgentLaunch(Plan plan, Process process)
    {
        this.plan = plan;
        this.process = process;
        this.output = new Output(plan.host(), this::line, OUTPUT_BYTES, Output.executor());
        output.pump(new PolledInput(process, process.getInputStream()),
            new PolledInput(process, process.getErrorStream()));
    }

    private void line(Output.Stream stream, int id, String line)
    {
        if (stream == Output.Stream.OUT && lines.size() <= MOST_FOREIGN)
        {
            lines.add(line);
        }
    }

    /**
     * Runs the command.
     *
     * @param plan how.
     * @return the running command.
     * @throws HostNotAddedException if it cannot be run.
     */
    public static AgentLaunch start(Plan plan) throws HostNotAddedException
    {
        AgentLaunch launch;
        try
        {
            launch = new AgentLaunch(plan, new ProcessBuilder(plan.command().running(READER)).start());
        }
        catch (IOException e)
        {
            throw new HostNotAddedException(plan.command().cannotBeRun(e),
                Map.of("command", plan.command().words()), e);
        }
        byte[] script = script().getBytes(StandardCharsets.UTF_8);
        launch.write((script.length + "\n").getBytes(StandardCharsets.UTF_8), script, plan.head());
        if (plan.code().isEmpty())
        {
            launch.write(plan.message());
        }
        return launch;
    }

    private static String script()
    {
        try (InputStream script = AgentLaunch.class.getResourceAsStream(SCRIPT))
        {
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    /** What the command does not read says something of it soon: its exit, or nothing. */
    private void write(byte[]... parts)
    {
        try
        {
            OutputStream stdin = process.getOutputStream();
            for (byte[] part : parts)
            {
                stdin.write(part);
            }
            stdin.flush();
        }
        catch (IOException e)
        {
            // it has ended; its exit says more
        }
    }

    /** On a thread of its own: a host that reads no further blocks it until its command is killed. */
    private void sendCode(String needed) throws HostNotAddedException
    {
        List<Blob> blobs = new ArrayList<>();
        for (String each : needed.substring(NEED.length()).split(" "))
        {
            if (each.isEmpty())
            {
                continue;
            }
            blobs.add(plan.code().stream().filter(blob -> each.equals(blob.sum() + ":" + blob.bytes())).findFirst()
                .orElseThrow(() -> failed("Its agent asks for " + each + ", which this process has not offered.")));
        }
        Threads.start("parallel-code-" + plan.host(), () -> sendCode(blobs));
    }

    private void sendCode(List<Blob> blobs)
    {
        try
        {
            for (Blob blob : blobs)
            {
                Files.copy(blob.file(), process.getOutputStream());
            }
            write(plan.message());
        }
        catch (IOException e)
        {
            // as above
        }
    }

    /**
     * Waits until the agent listens.
     *
     * @param deadline as of {@link System#nanoTime}.
     * @return where.
     * @throws HostNotAddedException if it does not, with a sentence.
     * @throws InterruptedException  if interrupted.
     */
    public Listening await(long deadline) throws HostNotAddedException, InterruptedException
    {
        List<String> foreign = new ArrayList<>();
        long foreignSince = 0;
        while (true)
        {
            boolean hasEnded = !process.isAlive();
            if (hasEnded)
            {
                output.finish(OUTPUT_AFTER_EXIT_MS);
            }
            String line = lines.poll(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
            if (line != null && line.startsWith(GREETING))
            {
                return listening(line);
            }
            if (line != null && line.startsWith(NEED))
            {
                sendCode(line);
            }
            else if (line != null)
            {
                foreign.add(line);
                foreignSince = foreignSince == 0 ? System.nanoTime() : foreignSince;
            }
            else if (hasEnded)
            {
                throw failed(ended(foreign));
            }
            long now = System.nanoTime();
            if (foreign.size() > MOST_FOREIGN ||
                foreignSince != 0 && now - foreignSince > TimeUnit.MILLISECONDS.toNanos(FOREIGN_MS))
            {
                throw failed("Its command prints text that is not from the agent: " + first(foreign) +
                    " It has to run what follows it, with stdin and stdout.");
            }
            if (now - deadline > 0)
            {
                throw failed("Its agent was not up in time: look at the host, or raise start-timeout-ms.");
            }
        }
    }

    private Listening listening(String line) throws HostNotAddedException
    {
        String[] words = line.split(" ");
        if (words.length != 5 || !words[2].matches("[0-9]{1,5}"))
        {
            throw failed("Its agent sent " + line + ", which this version does not understand: put the same " +
                "version on both.");
        }
        if (!words[1].equals(Version.library()))
        {
            throw failed("Its agent has version " + words[1] + " of the library parallel, this process has version " +
                Version.library() + ": put the same version on both.");
        }
        return new Listening(Integer.parseInt(words[2]), words[3], words[4]);
    }

    private String ended(List<String> foreign)
    {
        String errors = String.join("\n", output.stderrTail());
        String advice = plan.command().advice(errors);
        if (advice != null)
        {
            return advice;
        }
        String why = errors.contains("UnsupportedClassVersionError") || errors.contains("is too old") ?
            " Its java is too old: give it one of 17 or newer with the option java." :
            errors.contains("there is no java command") ?
            " Install Java 17 or newer there, or name its java command with the option java." :
            foreign.isEmpty() ? "" : " It printed: " + first(foreign);
        return "Its command ended with exit code " + process.exitValue() + " before its agent was up." + why;
    }

    /** Whether its agent has ended because it could not listen where it was told to. */
    public boolean couldNotListen()
    {
        return !process.isAlive() && process.exitValue() == NOT_LISTENING &&
            String.join("\n", output.stderrTail()).contains("cannot listen");
    }

    private static String first(List<String> foreign)
    {
        String line = foreign.get(0);
        return '"' + (line.length() > 200 ? line.substring(0, 200) + "..." : line) + "\".";
    }

    private HostNotAddedException failed(String why)
    {
        Map<String, Object> data = new HashMap<>();
        data.put("command", plan.command().words());
        List<String> tail = stderrTail();
        data.put("stderr-tail", tail);
        if (!process.isAlive())
        {
            data.put("exit", process.exitValue());
        }
        return new HostNotAddedException(why + (tail.isEmpty() ? "" : "\n  last lines of its stderr:\n    " +
            String.join("\n    ", tail)), data, null);
    }

    /** Why the command has ended that had an agent up, as {@link AgentCommand#whyEnded} says. */
    public String whyEnded() throws InterruptedException
    {
        output.finish(OUTPUT_AFTER_EXIT_MS);
        return plan.command().whyEnded(process.exitValue(), String.join("\n", output.stderrTail()));
    }

    /** The last lines of its stderr. */
    public List<String> stderrTail()
    {
        return output.stderrTail().stream().filter(line -> !plan.command().isNoise(line)).toList();
    }

    /**
     * Waits for the end of the command.
     *
     * @param ms at most, in milliseconds.
     * @return whether it has ended.
     */
    public boolean awaitExit(long ms) throws InterruptedException
    {
        return process.waitFor(ms, TimeUnit.MILLISECONDS);
    }

    /** Ends its stdin, which ends the agent; a command that lingers is killed. Blocks for 2 s at most. Idempotent. */
    @Override
    public void close()
    {
        try
        {
            process.getOutputStream().close();
        }
        catch (IOException e)
        {
            // it has ended
        }
        try
        {
            if (!awaitExit(EXIT_MS))
            {
                kill();
                awaitExit(EXIT_MS);
            }
            output.finish(OUTPUT_AFTER_EXIT_MS);
        }
        catch (InterruptedException e)
        {
            kill();
            Thread.currentThread().interrupt();
        }
    }

    /** With what it has started: a shell does not hand a signal on. */
    private void kill()
    {
        if (!plan.command().endsWhatItStarted())
        {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
        }
        process.destroyForcibly();
    }
}
