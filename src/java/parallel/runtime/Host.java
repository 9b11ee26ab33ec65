package parallel.runtime;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

import parallel.transport.LinkListener;
import parallel.transport.Link;

/**
 * Where a worker lives: a process, or a thread of this one. Made for one worker, used by its life's thread but for the calls
 * that say otherwise.
 */
interface Host
{
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

    /** SIGTERM; from any thread. */
    void terminate();

    /** SIGKILL; from any thread. */
    void kill();

    /**
     * From any thread.
     *
     * @return its process id, 0 until started.
     */
    long pid();

    /**
     * Its exit code, once it has exited.
     *
     * @return the code; empty for a thread.
     */
    OptionalInt exitCode();

    /**
     * The last lines of its stderr.
     *
     * @return 20 at most.
     */
    List<String> stderrTail();

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
