package parallel.profile;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import parallel.ParallelException;
import parallel.ParallelException.Code;
import parallel.control.Errors;
import parallel.control.RecordingNames;
import parallel.place.Bases;
import parallel.process.Launch;
import parallel.process.LaunchException;
import parallel.process.LaunchedProcess;
import parallel.runtime.Session;

/** A JVM that makes stacks of recordings, and has less of the processors than others while these are busy. */
final class FoldingJvm
{
    private static final int NICE = 5;
    private static final long MOST_MS = 60_000;
    private static final int MOST_STDERR = 2000;
    /** It lives for a second: no compiler pays. */
    private static final List<String> JVM_OPTS = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    /**
     * What is to be read of a worker.
     *
     * @param id   the worker's.
     * @param from the beginning of the span, in milliseconds of the epoch; negative: the length of the span, up to what
     *             was recorded last.
     * @param to   the end of the span.
     * @param path a file, or the directory of a process.
     */
    record Source(int id, long from, long to, Path path)
    {
    }

    private FoldingJvm()
    {
    }

    /**
     * Reads recordings; blocks a minute at most.
     *
     * @param sources of workers, each another.
     * @param scratch a directory for its result.
     * @return the stacks of each, by the worker's id.
     * @throws ParallelException    if it cannot be started, ends with an error or takes too long.
     * @throws InterruptedException if interrupted while blocked.
     */
    static Map<Integer, Map<String, Long>> fold(List<Source> sources, Path scratch) throws InterruptedException
    {
        Map<Integer, Map<String, Long>> folded = new HashMap<>();
        sources.forEach(source -> folded.put(source.id(), new HashMap<>()));
        if (sources.isEmpty())
        {
            return folded;
        }
        Path result = null;
        try
        {
            result = Files.createTempFile(scratch, "folded-", ".txt");
            run(arguments(sources, result));
            for (String line : Files.readAllLines(result, StandardCharsets.UTF_8))
            {
                String[] words = line.split(Folding.SEPARATOR, 3);
                folded.get(Integer.parseInt(words[0])).put(words[2], Long.parseLong(words[1]));
            }
            return folded;
        }
        catch (IOException e)
        {
            throw failed(e.getMessage(), e);
        }
        finally
        {
            delete(result);
        }
    }

    private static List<String> arguments(List<Source> sources, Path result)
    {
        List<String> arguments = new ArrayList<>(List.of(result.toString()));
        for (Source source : sources)
        {
            arguments.addAll(List.of(String.valueOf(source.id()), String.valueOf(source.from()),
                String.valueOf(source.to()), source.path().toString()));
        }
        return arguments;
    }

    private static void run(List<String> arguments) throws IOException, InterruptedException
    {
        LaunchedProcess process = started(arguments);
        try (process)
        {
            if (!process.awaitExit(MOST_MS))
            {
                throw new ParallelException(Code.TIMEOUT, "The JVM that reads the recordings of a profile has not " +
                    "ended after " + MOST_MS / 1000 + " s. It was killed. Ask for a shorter profile.", Map.of(), null);
            }
            if (process.exitCode() != 0)
            {
                String said = new String(process.stderr().readNBytes(MOST_STDERR), StandardCharsets.UTF_8);
                throw failed("it ended with exit code " + process.exitCode() + ": " + said.strip(), null);
            }
        }
        finally
        {
            process.kill();
        }
    }

    private static LaunchedProcess started(List<String> arguments) throws IOException
    {
        Path scratch = Session.current().directory().memory();
        try
        {
            return launch(arguments, NICE).start(scratch);
        }
        catch (LaunchException e)
        {
            try
            {
                return launch(arguments, 0).start(scratch);     // there may be no command nice
            }
            catch (LaunchException again)
            {
                throw new IOException(again.getMessage(), again);
            }
        }
    }

    private static Launch launch(List<String> arguments, int nice)
    {
        return Launch.builder().base(Bases.ofThisJvm()).mainClass(Folding.class.getName()).jvmOpts(JVM_OPTS)
            .nice(nice).arguments(arguments).build();
    }

    private static ParallelException failed(String why, Throwable cause)
    {
        if (ModuleLayer.boot().findModule(RecordingNames.MODULE).isEmpty())
        {
            return Errors.badArgument("A profile needs the module " + RecordingNames.MODULE +
                ", which the Java of this process does not have.");
        }
        return new ParallelException(Code.START_FAILED, "The recordings of a profile could not be read by a JVM of " +
            "its own: " + why, Map.of(), cause);
    }

    private static void delete(Path file)
    {
        try
        {
            if (file != null)
            {
                Files.deleteIfExists(file);
            }
        }
        catch (IOException e)
        {
            // The end of the session removes it.
        }
    }
}
