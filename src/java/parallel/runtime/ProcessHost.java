package parallel.runtime;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

import parallel.WorkerOptions.Option;
import parallel.process.ClassPath;
import parallel.process.LaunchedProcess;
import parallel.process.Output;
import parallel.transport.Link;
import parallel.transport.LinkListener;

/**
 * A worker that is a process: a JVM that is started for it, or a spare that was. Which of the two it is makes no difference that
 * the worker or its parent could see, but for the time it takes.
 */
final class ProcessHost implements Host
{
    private static final long OUTPUT_AFTER_EXIT_MS = 500;

    private final WorkerHandle.Birth birth;
    private final WorkerJvm jvm;
    private final Spare spare;
    private final Output output;

    /**
     * A host.
     *
     * @param birth  of its worker.
     * @param jvm    of its own.
     * @param spare  whose JVM that was; null if it is to be started.
     * @param output of its worker.
     */
    ProcessHost(WorkerHandle.Birth birth, WorkerJvm jvm, Spare spare, Output output)
    {
        this.birth = birth;
        this.jvm = jvm;
        this.spare = spare;
        this.output = output;
    }

    @Override
    public Link start(LinkListener listener, long deadline) throws Exception
    {
        if (spare == null)
        {
            jvm.launch(WorkerLaunch.of(birth.options()));
        }
        output.pump(jvm.process().stdout(), jvm.process().stderr());
        final Link link = spare == null ? jvm.connect(listener, deadline) : spare.take(listener, deadline);
        if (link != null)
        {
            link.send(Frames.frame(Frames.IDENTITY, birth.id()));
        }
        return link;
    }

    @Override
    public void ready()
    {
        if (spare == null)
        {
            jvm.ready();
        }
        birth.context().spares().refill();
    }

    @Override
    public boolean awaitExit(long ms) throws InterruptedException
    {
        final LaunchedProcess process = jvm.process();
        return process == null || process.awaitExit(ms);
    }

    @Override
    public void finish()
    {
        try
        {
            if (jvm.process() != null)
            {
                output.finish(OUTPUT_AFTER_EXIT_MS);
            }
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        finally
        {
            jvm.release();
        }
    }

    @Override
    public void offerLine(int stream, int id, String line, Runnable delivered)
    {
        output.offer(Output.Stream.values()[stream], id, line, delivered);
    }

    @Override
    public void terminate()
    {
        jvm.terminate();
    }

    @Override
    public void kill()
    {
        jvm.kill();
    }

    @Override
    public long pid()
    {
        final LaunchedProcess launched = jvm.process();
        return launched == null ? 0 : launched.pid();
    }

    @Override
    public OptionalInt exitCode()
    {
        final LaunchedProcess launched = jvm.process();
        return launched == null || launched.isAlive() ? OptionalInt.empty() : OptionalInt.of(launched.exitCode());
    }

    @Override
    public List<String> stderrTail()
    {
        return output.stderrTail();
    }

    @Override
    public String outOfMemory()
    {
        return output.outOfMemory();
    }

    @Override
    public String suspicion()
    {
        final List<String> missing = ClassPath.missing(WorkerLaunch.classPath(birth.options()));
        return (missing.isEmpty() ? "" : " Its class path has entries that do not exist: " + String.join(", ", missing) + ".") +
            (birth.options().isSet(Option.JAVA) && !jvm.command().isEmpty() ? " Its java command is " + jvm.command().get(0) + "." : "");
    }

    @Override
    public Map<String, Object> facts()
    {
        final Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("command", jvm.command());
        if (jvm.process() != null)
        {
            jvm.process().crashLog().ifPresent(path -> facts.put("hs-err", path.toString()));
        }
        return facts;
    }
}
