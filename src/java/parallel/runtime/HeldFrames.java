package parallel.runtime;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

import parallel.control.Frames;

/**
 * Evaluations for one worker, in order: those that it has and has not answered, and those that wait here, because what
 * is under way to a worker is bounded by that worker's heap. One evaluation is always let through, however large.
 * Guarded by its control stream.
 */
final class HeldFrames
{
    /**
     * Of the worker's heap, what its unanswered evaluations may take as bytes. Their values take several times as much.
     */
    private static final int PART = 16;
    /** What a worker that is one thread of this process, or says nothing, may have. */
    private static final long LEAST = 1 << 20;

    private final ArrayDeque<ByteBuffer[]> waiting = new ArrayDeque<>();
    /** Number to bytes of those that are under way. */
    private final Map<Long, Long> unanswered = new HashMap<>();
    private long bytes;
    private long limit = LEAST;
    /** Read from any thread. */
    private volatile long heap = Long.MAX_VALUE;

    // From the worker's first word on.
    void limit(long maxHeapBytes)
    {
        limit = Math.max(LEAST, maxHeapBytes / PART);
        heap = maxHeapBytes;
    }

    // It need not be sent: the worker cannot even read it.
    boolean exceedsHeap(ByteBuffer[] frame)
    {
        return Frames.kind(frame[0]) == Frames.EXEC && Frames.isAwaited(Frames.number(frame[0])) &&
            frame[1].remaining() >= heap;
    }

    long heapBytes()
    {
        return heap;
    }

    // Takes a frame that has to keep its place behind those that wait; false: it is not of that kind, or nothing waits.
    boolean hold(ByteBuffer[] frame)
    {
        byte kind = Frames.kind(frame[0]);
        if (kind != Frames.EXEC && (kind != Frames.FINISH || waiting.isEmpty()))
        {
            return false;
        }
        waiting.addLast(frame);
        return true;
    }

    // The next that may go; null: none.
    ByteBuffer[] next()
    {
        ByteBuffer[] first = waiting.peekFirst();
        if (first == null || Frames.kind(first[0]) == Frames.EXEC && !admits(first))
        {
            return null;
        }
        return waiting.pollFirst();
    }

    private boolean admits(ByteBuffer[] frame)
    {
        long number = Frames.number(frame[0]);
        if (!Frames.isAwaited(number))
        {
            return true;        // a form of everywhere: nobody answers it
        }
        long length = frame[1].remaining();
        if (bytes > 0 && bytes + length > limit)
        {
            return false;
        }
        unanswered.put(number, length);
        bytes += length;
        return true;
    }

    void answered(long number)
    {
        Long length = unanswered.remove(number);
        if (length != null)
        {
            bytes -= length;
        }
    }

    // It need not be sent any more; true if it was not yet.
    boolean remove(long number)
    {
        return waiting.removeIf(frame -> Frames.kind(frame[0]) == Frames.EXEC && Frames.number(frame[0]) == number);
    }

    void clear()
    {
        waiting.clear();
    }
}
