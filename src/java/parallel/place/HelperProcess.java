package parallel.place;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeoutException;

import parallel.WorkerOptions;
import parallel.process.Base;
import parallel.process.LaunchException;
import parallel.process.Output;
import parallel.runtime.Context;
import parallel.runtime.Undo;
import parallel.transport.Link;
import parallel.transport.LinkListener;

/**
 * A process of this session that works for the library and evaluates nothing. It ends with the process that has started
 * it. Safe from any thread.
 */
public final class HelperProcess
{
    private static final int RING_BYTES = 8192;
    private static final int OUTPUT_BYTES = 1 << 20;
    private static final long OUTPUT_AFTER_EXIT_MS = 500;

    private final WorkerJvm jvm;
    private final Output output;
    private Link link;

    private HelperProcess(WorkerJvm jvm, Output output)
    {
        this.jvm = jvm;
        this.output = output;
    }

    /**
     * Starts it and connects to it; blocks until that is done.
     *
     * @param mainClass that becomes a {@link parallel.child.ChildProcess}.
     * @param base      what it is started from.
     * @param jvmOpts   arguments of its JVM.
     * @param listener  of what it says.
     * @param lines     where the lines of its output go.
     * @param deadline  as of {@link System#nanoTime}.
     * @return the process.
     * @throws IOException          if it did not start, with a sentence for the user.
     * @throws TimeoutException     if it was not connected by the deadline.
     * @throws InterruptedException if interrupted.
     */
    public static HelperProcess start(String mainClass, Base base, List<String> jvmOpts,
        LinkListener listener, Output.Sink lines, long deadline)
        throws IOException, TimeoutException, InterruptedException
    {
        try (Undo undo = new Undo())
        {
            WorkerOptions options = WorkerOptions.builder().ringBytes(RING_BYTES).build();
            WorkerJvm jvm = WorkerJvm.make(Context.ofProcess(), options, undo);
            undo.by(jvm::release);
            undo.by(jvm::kill);
            HelperProcess helper = new HelperProcess(jvm, new Output(0, lines, OUTPUT_BYTES, Output.executor()));
            helper.connect(WorkerLaunch.ofHelper(mainClass, base, jvmOpts), listener, deadline);
            return undo.done(helper);
        }
    }

    private void connect(WorkerLaunch launch, LinkListener listener, long deadline)
        throws IOException, TimeoutException, InterruptedException
    {
        try
        {
            jvm.launch(launch);
        }
        catch (LaunchException e)
        {
            throw new IOException(e.getMessage(), e);
        }
        output.pump(jvm.process().stdout(), jvm.process().stderr());
        link = jvm.connect(listener, deadline);
        if (link == null)
        {
            output.finish(OUTPUT_AFTER_EXIT_MS);
            throw new IOException("A process of the library ended before it was connected, with exit code " +
                jvm.process().exitCode() + ": " + String.join(" ", output.stderrTail()));
        }
    }

    public Link link()
    {
        return link;
    }

    /** Ends it at once, also one that stands still. Its listener hears the end. */
    public void kill()
    {
        jvm.kill();
    }

    /**
     * Waits for its exit, and gives back what it held.
     *
     * @param ms after which it is killed.
     * @throws InterruptedException if interrupted: it is killed.
     */
    public void end(long ms) throws InterruptedException
    {
        try
        {
            if (!jvm.process().awaitExit(ms))
            {
                jvm.kill();
                jvm.process().awaitExit(Long.MAX_VALUE);
            }
            output.finish(OUTPUT_AFTER_EXIT_MS);
        }
        finally
        {
            jvm.kill();
            jvm.channel().retire();
            jvm.release();
        }
    }
}
