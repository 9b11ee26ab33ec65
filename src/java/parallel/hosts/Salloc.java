package parallel.hosts;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import parallel.SlurmOptions;
import parallel.StartFailedException;

/**
 * An allocation that is made for hosts, and given back. It is held by salloc, whose command waits for the end of its
 * stdin: the other end of that pipe is in this process alone, so however this process ends, it ends as well.
 *
 * <pre>
 *   sh --+-- reads stdin; at its end it terminates salloc, which may still be waiting in the queue
 *        +-> salloc -- sh: says what was granted, reads stdin; at its end it cancels the job, should salloc be dead
 * </pre>
 *
 * <p>A salloc whose job is cancelled while it is being terminated may hang. So the second waits a second, and the first
 * kills a salloc that is still there after two.
 */
final class Salloc
{
    private static final String HOLD = "trap '' INT QUIT HUP; exec 3<&0; { cat <&3; kill $$; " +
        "for i in 1 2 3 4 5 6 7 8 9 10; do " +
        "sleep 0.2; read -r name </proc/$$/comm && [ \"$name\" = salloc ] || exit; done; " +
        "kill -9 $$; } >/dev/null 2>&1 & exec 3<&-; exec \"$@\"";
    private static final String GRANTED = "trap '' INT QUIT HUP; echo \"parallel-allocation $SLURM_JOB_ID " +
        "$SLURM_JOB_NODELIST $SLURM_JOB_CPUS_PER_NODE\"; cat >/dev/null; sleep 1; scancel -Q \"$SLURM_JOB_ID\"";
    private static final Pattern HAS =
        Pattern.compile("^parallel-allocation (\\S+) (\\S+) ?(\\S*)$", Pattern.MULTILINE);
    private static final Pattern PENDING =
        Pattern.compile("^salloc: Pending job allocation (\\d+)", Pattern.MULTILINE);
    private static final long LOOK_EVERY_MS = 20;
    private static final long SETTLE_MS = 100;
    private static final long EXIT_MS = 5_000;

    private final SlurmOptions options;
    private final List<String> command;
    private final Process process;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    private Salloc(SlurmOptions options, List<String> command, Process process)
    {
        this.options = options;
        this.command = command;
        this.process = process;
        process.onExit().thenRun(this::endOfStdin);
    }

    /** Asks for an allocation. */
    static Salloc start(SlurmOptions options)
    {
        List<String> salloc = new ArrayList<>(List.of("salloc", "--nodes=" + options.nodes(), "--job-name=parallel",
            "--no-bell"));
        if (options.time() != null)
        {
            salloc.add("--time=" + options.time());
        }
        salloc.addAll(options.args());
        List<String> words = new ArrayList<>(Slurm.command("sh"));
        words.addAll(List.of("-c", HOLD, "parallel"));
        words.addAll(salloc);
        words.addAll(List.of("sh", "-c", GRANTED));
        try
        {
            return new Salloc(options, salloc, new ProcessBuilder(words).redirectErrorStream(true).start());
        }
        catch (IOException e)
        {
            throw new StartFailedException("The command salloc cannot be run: " + e.getMessage(),
                Map.of("command", salloc), e);
        }
    }

    /**
     * Waits for the allocation; where it does not come nothing is left in the queue.
     *
     * @param timeoutMs for how long.
     * @return what was granted.
     * @throws StartFailedException if it does not come, with a sentence.
     */
    Allocation await(long timeoutMs) throws InterruptedException
    {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        while (true)
        {
            boolean hasEnded = process.waitFor(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
            if (hasEnded)
            {
                TimeUnit.MILLISECONDS.sleep(SETTLE_MS);     // the JDK moves what is left in the pipe to the heap
            }
            read();
            Matcher has = HAS.matcher(text());
            if (has.find())
            {
                return Allocation.of(has.group(1), has.group(2), has.group(3));
            }
            if (hasEnded)
            {
                throw failed("Slurm has not granted it.");
            }
            if (System.nanoTime() - deadline > 0)
            {
                String reason = reason();
                close();
                throw failed("It did not come within " + timeoutMs + " ms (start-timeout-ms), and waits no longer" +
                    (reason == null ? "." : "; the queue's reason was: " + reason + "."));
            }
        }
    }

    private void read()
    {
        try
        {
            InputStream in = process.getInputStream();
            for (int available = in.available(); available > 0; available = in.available())
            {
                output.write(in.readNBytes(available));
            }
        }
        catch (IOException e)
        {
            // it has ended
        }
    }

    private String text()
    {
        return output.toString(StandardCharsets.UTF_8);
    }

    /** Why the job waits, or null. */
    private String reason() throws InterruptedException
    {
        Matcher pending = PENDING.matcher(text());
        String reason = pending.find() ?
            Slurm.said("squeue", "--noheader", "--jobs=" + pending.group(1), "--format=%r") : null;
        return reason == null || reason.isEmpty() ? null : reason;
    }

    private StartFailedException failed(String why)
    {
        read();
        List<String> lines = text().lines().filter(line -> !line.isBlank()).toList();
        Map<String, Object> data = new HashMap<>(Map.of("command", command, "stderr-tail", lines));
        if (!process.isAlive())
        {
            data.put("exit", process.exitValue());
        }
        return new StartFailedException("There is no allocation of " + options.nodes() +
            (options.nodes() == 1 ? " node. " : " nodes. ") + why +
            (lines.isEmpty() ? "" : "\n  What salloc said:\n    " + String.join("\n    ", lines)), data, null);
    }

    private void endOfStdin()
    {
        try
        {
            process.getOutputStream().close();
        }
        catch (IOException e)
        {
            // it has ended
        }
    }

    /** Has the allocation given back; done when it is. Never blocks. Idempotent. */
    CompletableFuture<?> giveBack()
    {
        endOfStdin();
        return process.onExit();
    }

    /** The same; blocks until it is done, for 5 s at most. */
    void close() throws InterruptedException
    {
        giveBack();
        if (!process.waitFor(EXIT_MS, TimeUnit.MILLISECONDS))
        {
            process.destroyForcibly();
        }
    }
}
