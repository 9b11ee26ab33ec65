package parallel.pool;

import java.util.Arrays;

/**
 * What a task is, in bytes.
 *
 * @param function that it calls; null: the payload is a body, a Callable or a Runnable.
 * @param text     for people; shown while it runs.
 * @param payload  codec bytes of the arguments or of the body.
 * @param weight   how many tasks it counts as: the elements of a part of a map.
 */
public record TaskContent(Shared function, String text, byte[] payload, int weight)
{
    private static final int OVERHEAD_BYTES = 200;

    /**
     * A function that many tasks call: it is sent to a worker once.
     *
     * @param body codec bytes of a work whose value is a {@link java.util.function.Function} of the arguments.
     */
    public record Shared(byte[] body)
    {
        @Override
        public boolean equals(Object other)
        {
            return other instanceof Shared shared && Arrays.equals(body, shared.body);
        }

        @Override
        public int hashCode()
        {
            return Arrays.hashCode(body);
        }
    }

    /** What it takes in the queue, with the record and its future. */
    long bytes()
    {
        return payload.length + OVERHEAD_BYTES;
    }
}
