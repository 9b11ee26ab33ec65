package parallel.profile;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import jdk.jfr.consumer.RecordedEvent;
import parallel.runtime.Threads;

/**
 * The program that makes stacks of recordings. Its arguments are the file to write, and for each worker its id, the
 * span of time and its files. The span is two numbers of milliseconds of the epoch; or its negative length, up to what
 * was recorded last, and 0. It writes lines of an id, a count and a stack, with tabs between.
 */
public final class Folding
{
    static final int WORDS = 4;
    static final String SEPARATOR = "\t";

    private Folding()
    {
    }

    /**
     * Started by the library only.
     *
     * @param arguments as above.
     * @throws IOException if no worker's files can be read, or the result cannot be written.
     */
    public static void main(String[] arguments) throws IOException
    {
        Threads.start("parallel-lifeline-0", Folding::endWithParent);
        int read = 0;
        Exception unreadable = null;
        try (PrintStream out =
            new PrintStream(Files.newOutputStream(Path.of(arguments[0])), false, StandardCharsets.UTF_8))
        {
            for (int i = 1; i + WORDS <= arguments.length; i += WORDS)
            {
                String id = arguments[i];
                try
                {
                    counts(Long.parseLong(arguments[i + 1]), Long.parseLong(arguments[i + 2]),
                        Path.of(arguments[i + 3])).forEach((stack, count) ->
                        out.print(id + SEPARATOR + count + SEPARATOR + stack + "\n"));
                    read++;
                }
                catch (IOException | RuntimeException e)
                {
                    unreadable = e;     // of a worker that was killed in the middle of it, perhaps
                }
            }
            if (out.checkError())
            {
                throw new IOException("no room for the result in " + arguments[0]);
            }
        }
        if (read == 0 && unreadable != null)
        {
            throw new IOException(unreadable.toString(), unreadable);
        }
        Runtime.getRuntime().halt(0);
    }

    /** Its stdin ends with whoever wants the result. */
    private static void endWithParent()
    {
        try
        {
            while (System.in.read() >= 0)
            {
                continue;
            }
        }
        catch (IOException e)
        {
            // it has ended
        }
        Runtime.getRuntime().halt(1);
    }

    private static Map<String, Long> counts(long from, long to, Path files) throws IOException
    {
        if (from >= 0)
        {
            Samples samples = new Samples(Instant.ofEpochMilli(from), Instant.ofEpochMilli(to));
            RecordedFiles.read(files, samples::add);
            return samples.counts();
        }
        List<RecordedEvent> events = new ArrayList<>();
        RecordedFiles.read(files, events::add);
        Instant last = events.stream().map(RecordedEvent::getEndTime).max(Instant::compareTo).orElse(Instant.EPOCH);
        Samples samples = new Samples(last.plusMillis(from), last);
        events.forEach(samples::add);
        return samples.counts();
    }
}
