package parallel.place;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import parallel.WorkerOptions.Option;
import parallel.control.Frames;
import parallel.process.ClassPath;
import parallel.process.LaunchedProcess;
import parallel.process.Output;
import parallel.process.Signals;
import parallel.runtime.Ending;
import parallel.runtime.Place;
import parallel.runtime.StartSpec;
import parallel.runtime.Undo;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.MessageChannel;

/**
 * A worker that is a process: a JVM that is started for it, or a spare that was. Which of the two it is makes no
 * difference that the worker or its parent could see, but for the time it takes.
 */
final class ProcessPlace implements Place
{

    private final StartSpec spec;
    private final Output output;
    private final Spares spares;
    /** Whose JVM it is; null if that is to be started. */
    private final Spare spare;
    private final WorkerJvm jvm;

    /**
     * Makes the place with its files, or takes a spare that has them; no process is started.
     *
     * @param spec   of its worker.
     * @param output of its worker.
     * @param spares of its parent.
     * @param undo   takes what undoes this.
     * @throws IOException if there is no room for the files.
     */
    ProcessPlace(StartSpec spec, Output output, Spares spares, Undo undo) throws IOException
    {
        this.spec = spec;
        this.output = output;
        this.spares = spares;
        this.spare = spares.take(spec.options());
        if (spare == null)
        {
            this.jvm = WorkerJvm.make(spec.context(), spec.options(), undo);
        }
        else
        {
            this.jvm = spare.jvm();
            undo.by(() -> spares.end(spare));
        }
    }

    @Override
    public MessageChannel channel()
    {
        return jvm.channel();
    }

    @Override
    public Link start(LinkListener listener, long deadline) throws Exception
    {
        if (spare == null)
        {
            jvm.launch(spares.launch(spec.options()));
        }
        output.starting(true);
        output.pump(jvm.process().stdout(), jvm.process().stderr());
        Link link = spare == null ? jvm.connect(listener, deadline) : spare.take(listener, deadline);
        if (link != null)
        {
            link.send(Frames.frame(Frames.IDENTITY, spec.id()));
        }
        return link;
    }

    @Override
    public void ready()
    {
        output.starting(false);
        if (spare == null)
        {
            jvm.ready();
        }
        spares.refill();
    }

    @Override
    public boolean awaitExit(long ms) throws InterruptedException
    {
        LaunchedProcess process = jvm.process();
        return process == null || process.awaitExit(ms);
    }

    @Override
    public void finish()
    {
        try
        {
            if (jvm.process() != null)
            {
                output.finishSoon();
            }
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
        LaunchedProcess launched = jvm.process();
        return launched == null ? 0 : launched.pid();
    }

    @Override
    public Ending ending()
    {
        LaunchedProcess launched = jvm.process();
        return launched == null || launched.isAlive() ? Ending.UNKNOWN : ending(launched.exitCode());
    }

    /** A code that stands for a signal may be its own: then it has noted that it exits. */
    private Ending ending(int code)
    {
        boolean noted = channel().status().exitNoted().isPresent();
        Optional<String> signal = noted ? Optional.empty() : Signals.nameOf(code);
        return signal.isPresent() ? new Ending.Killed(code, signal.get()) : new Ending.Exited(code);
    }

    @Override
    public List<String> stderrTail()
    {
        return output.stderrTail();
    }

    @Override
    public Output output()
    {
        return output;
    }

    @Override
    public String outOfMemory()
    {
        return output.outOfMemory();
    }

    @Override
    public String suspicion()
    {
        WorkerLaunch launch = jvm.launch();
        List<String> missing = launch == null ? List.of() : ClassPath.missing(launch.base().classPath());
        return (missing.isEmpty() ? "" : " Its class path has entries that do not exist: " +
            String.join(", ", missing) + ".") +
            (spec.options().isSet(Option.JAVA) && !jvm.command().isEmpty() ? " Its java command is " +
            jvm.command().get(0) + "." : "");
    }

    @Override
    public Map<String, Object> facts()
    {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("command", jvm.command());
        if (jvm.process() != null)
        {
            jvm.process().crashLog().ifPresent(path -> facts.put("hs-err", path.toString()));
        }
        return facts;
    }
}
