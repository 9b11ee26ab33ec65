package parallel.runtime;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import parallel.WorkerStatus;
import parallel.process.Output;
import parallel.transport.FlightRecord;
import parallel.transport.Link;
import parallel.transport.LinkListener;
import parallel.transport.MessageChannel;
import parallel.transport.WaitTable;

/**
 * Where a worker lives: a process, or a thread of this one. Made for one worker, used by its life's thread but for the
 * calls that say otherwise.
 */
public interface Place
{
    /**
     * The parent's end of the worker's channel, from any thread. Whoever leads the worker retires it at the end.
     *
     * @return always the same one; it is there before the worker is started.
     */
    MessageChannel channel();

    /**
     * Starts the worker and connects its control stream; blocks until that is done.
     *
     * @param listener of the control stream.
     * @param deadline as of {@link System#nanoTime()}.
     * @return the link to it; null if it has exited before it was connected.
     * @throws java.util.concurrent.TimeoutException if it was not connected by the deadline.
     * @throws Exception                             if it did not start, with a sentence for the user.
     */
    Link start(LinkListener listener, long deadline) throws Exception;

    /**
     * Waits until it has exited.
     *
     * @param ms at most so long, in milliseconds.
     * @return true if it has.
     * @throws InterruptedException if interrupted.
     */
    boolean awaitExit(long ms) throws InterruptedException;

    /** It is ready: what was held until then is given back. Never blocks. */
    void ready();

    /** After its exit: waits until its output is delivered, half a second at most, and gives back what it held. */
    void finish();

    /**
     * A line of a worker further down; never blocks.
     *
     * @param stream    0 for out, 1 for err.
     * @param id        of the process that printed it.
     * @param line      the line.
     * @param delivered called when it was delivered.
     */
    void offerLine(int stream, int id, String line, Runnable delivered);

    /** Tells it to end, which it may do in its own time; from any thread. Never blocks. */
    void terminate();

    /** Ends it without asking; from any thread. Never blocks. */
    void kill();

    /**
     * From any thread.
     *
     * @return the number of the machine that it is on; 0: this one.
     */
    default int host()
    {
        return 0;
    }

    /**
     * A machine that is not this one.
     *
     * @param host its name.
     * @param age  of what is known of the worker: time since anything was heard of the machine.
     */
    record Elsewhere(String host, Duration age)
    {
    }

    /**
     * Which machine that is, and how old what is known of it. From any thread.
     *
     * @return null: this one.
     */
    default Elsewhere elsewhere()
    {
        return null;
    }

    /**
     * What takes long messages to its machine. From any thread.
     *
     * @return empty: there is a way through its ring alone.
     */
    default Optional<Carrier> carrier()
    {
        return Optional.empty();
    }

    /**
     * From any thread.
     *
     * @return its process id, 0 until started.
     */
    long pid();

    /**
     * What the workers below it do that are on another machine, as far as that has told. From any thread.
     *
     * @return the status of each, those of its children's children included.
     */
    default List<WorkerStatus> below()
    {
        return List.of();
    }

    /**
     * What its threads, and those of the workers below it, wait for on another machine, as far as that has told. From
     * any thread.
     *
     * @return one of each thread, with times of this machine.
     */
    default List<WaitTable.Wait> waits()
    {
        return List.of();
    }

    /**
     * Has what it did last fetched from another machine. From any thread; does not block.
     *
     * @return done once it is here, or cannot be had.
     */
    default CompletableFuture<?> fetchRecords()
    {
        return CompletableFuture.completedFuture(null);
    }

    /**
     * What the workers below it did on another machine, as it was fetched last.
     *
     * @return by id.
     */
    default Map<Integer, FlightRecord> recordsBelow()
    {
        return Map.of();
    }

    /**
     * What a worker did when it was told to stop.
     *
     * @param doing the text of what it evaluated, or null.
     * @param state as in its status page.
     */
    record Stopped(String doing, int state)
    {
    }

    /**
     * What it did when it was told to stop, once it has exited; of a worker whose status page here is behind what it
     * does.
     *
     * @return null where the page is the worker's own, or it has not been told.
     */
    default Stopped stopped()
    {
        return null;
    }

    /**
     * How it ended, once it has exited.
     *
     * @return {@link Ending#UNKNOWN} before, and of a thread.
     */
    Ending ending();

    /**
     * The last lines of its stderr.
     *
     * @return 20 at most.
     */
    List<String> stderrTail();

    /**
     * What it and those below it print, on its way.
     *
     * @return never null.
     */
    Output output();

    /**
     * What its JVM said when it ended for want of memory.
     *
     * @return the line; null if it said nothing of the kind.
     */
    String outOfMemory();

    /**
     * What may have kept it from starting.
     *
     * @return a sentence that begins with a space; empty where nothing is known.
     */
    String suspicion();

    /**
     * More facts for an error about its start or its death, such as {@code "command"} and {@code "hs-err"}.
     *
     * @return by name.
     */
    Map<String, Object> facts();
}
