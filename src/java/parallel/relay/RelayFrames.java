package parallel.relay;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

import parallel.control.Frames;

/**
 * What the parent's process, its link process and the agents on other machines say to each other. The bytes are as
 * those of {@link Frames}: a kind, a number, a payload.
 * <p>
 * A frame that is too long for a stream goes in several: the highest bit of the kind says that more of the same frame
 * follows, under the same kind and number. The number is a worker's id or a host's number. Payloads are codec bytes,
 * but for TO_WORKER and FROM_WORKER, which are frames of the worker's control stream.
 */
public final class RelayFrames
{
    // Of a worker, between parent and agent. The link process passes them on, but for those that say otherwise.

    /** To the agent: start it; how. */
    public static final byte SPAWN = 1;
    public static final byte TO_WORKER = 2;
    public static final byte FROM_WORKER = 3;
    /** To the parent: it has connected; its pid. */
    public static final byte STARTED = 4;
    /** To the parent: it did not start; why. ENDED follows. */
    public static final byte NOT_STARTED = 5;
    /** To the parent: lines of its output. */
    public static final byte LINE = 6;
    /** To the agent: so many bytes of lines were delivered. */
    public static final byte LINES_DELIVERED = 7;
    /** To the parent: it has exited; how. The link process holds it until its last message is in the ring. */
    public static final byte ENDED = 8;
    /** To the link process: what its status page says. */
    public static final byte STATUS = 9;
    /** To the agent, on the stream of its host: end it, by the signal that the payload's byte says. */
    public static final byte SIGNAL = 10;

    /** To the parent: what it has written is no message and no frame; a sentence. */
    public static final byte CORRUPT = 11;

    /** To the agent: tell what it did last. To the parent: copies of that by worker. */
    public static final byte RECORDS = 12;

    // Between the parent and its link process.

    /** To the link process: play this worker; on which host, with which pair of rings. SPAWN follows. */
    public static final byte PLAY = 20;
    /** Both ways: look at the rings of this worker again. */
    public static final byte WAKE = 21;
    /** To the parent: it has exited, and its last messages want room in the ring. */
    public static final byte ENDING = 22;
    /** To the link process: the parent is done with it. */
    public static final byte DROP = 23;

    // Of a host, between the parent and its link process.

    /** To the link process: bring it in; how. */
    public static final byte ADD = 30;
    /** To the parent: its agent is up; what the agent tells. */
    public static final byte UP = 31;
    /** To the parent: it could not be brought in; why. */
    public static final byte NOT_ADDED = 32;
    /** To the parent: what has changed of it. */
    public static final byte STATE = 33;
    /** To the parent: it is lost, or was removed; why. Its number is used no more. */
    public static final byte GONE = 34;
    /** To the parent, by the link process: the workers that the host's workers have started. */
    public static final byte BELOW = 37;
    /** To the link process: end its agent. */
    public static final byte REMOVE = 35;
    /** To the link process: agents may have these jars; the sum and the path of each. */
    public static final byte OFFER = 36;
    /** To the agent, by the link process: keep spares for such workers; how they are started, or null, and how many. */
    public static final byte WARM = 38;

    // Between the link process and an agent, on the stream of the host.

    /** To the agent, first: the secret, the release, the host's number. */
    public static final byte HELLO = 40;
    /** To the link process: what the agent tells of its machine. */
    public static final byte FACTS = 41;
    /** Both ways: heard. */
    public static final byte BEAT = 42;
    /** To the agent: end. */
    public static final byte FINISH = 43;
    /** To the link process: send the jar with this sum, on a stream of its own. */
    public static final byte WANT = 44;
    /** To the agent: there is no such jar; its sum. */
    public static final byte MISSING = 45;

    // Of a message for several workers of a host, which goes there once. The number is the message's, but between the
    // parent and its link process the host's, and the message's is the first of the payload.

    /** To the agent: how long it is, and whose it is. To the link process also: the file that has it. */
    public static final byte BULK = 50;
    /** To the link process: send it, on a stream of its own. */
    public static final byte BULK_WANTED = 51;
    /** To the parent: what has become of it, THERE, FAILED or TAKEN by all whose it is. */
    public static final byte BULK_IS = 52;
    /** To the agent: these workers do not receive it, or are gone. */
    public static final byte BULK_WITHDRAWN = 53;

    /** Of BULK_IS. */
    public static final String THERE = "there";
    public static final String FAILED = "failed";
    public static final String TAKEN = "taken";

    /** Of SIGNAL. */
    public static final byte TERMINATE = 1;
    public static final byte KILL = 2;

    static final int HEAD_BYTES = 9;
    private static final int MORE = 0x80;
    private static final int MOST_PAYLOAD = Streams.FRAME_BYTES - HEAD_BYTES;

    private RelayFrames()
    {
    }

    public static byte kind(ByteBuffer frame)
    {
        return (byte)(frame.get(frame.position()) & ~MORE);
    }

    /** Cuts a frame into such as a stream takes; none of the payload's bytes is copied. */
    public static void cut(byte kind, long number, List<ByteBuffer> payload, Consumer<ByteBuffer[]> each)
    {
        List<ByteBuffer> parts = new ArrayList<>();
        int bytes = 0;
        for (ByteBuffer part : payload)
        {
            ByteBuffer rest = part.duplicate();
            while (rest.hasRemaining())
            {
                if (bytes == MOST_PAYLOAD)
                {
                    each.accept(headed(kind | MORE, number, parts));
                    parts.clear();
                    bytes = 0;
                }
                int now = Math.min(rest.remaining(), MOST_PAYLOAD - bytes);
                parts.add(rest.slice(rest.position(), now));
                rest.position(rest.position() + now);
                bytes += now;
            }
        }
        each.accept(headed(kind, number, parts));
    }

    private static ByteBuffer[] headed(int kind, long number, List<ByteBuffer> parts)
    {
        List<ByteBuffer> frame = new ArrayList<>(parts);
        frame.add(0, Frames.frame((byte)kind, number)[0]);
        return frame.toArray(ByteBuffer[]::new);
    }

    public static byte[] joined(ByteBuffer... parts)
    {
        int length = 0;
        for (ByteBuffer part : parts)
        {
            length = Math.addExact(length, part.remaining());
        }
        ByteBuffer joined = ByteBuffer.allocate(length);
        for (ByteBuffer part : parts)
        {
            joined.put(part.duplicate());
        }
        return joined.array();
    }

    /** Puts frames together again that were cut. For one thread. */
    public static final class Joiner
    {
        private final Map<Byte, List<ByteBuffer>> begun = new HashMap<>();

        /**
         * Takes the next frame.
         *
         * @param frame whose bytes are the joiner's from now on.
         * @return the payload of the whole, in parts; null: more of it follows.
         */
        public List<ByteBuffer> add(ByteBuffer frame)
        {
            boolean more = (frame.get(frame.position()) & MORE) != 0;
            byte kind = kind(frame);
            ByteBuffer payload = frame.slice(frame.position() + HEAD_BYTES, frame.remaining() - HEAD_BYTES);
            if (!more && !begun.containsKey(kind))
            {
                return List.of(payload);
            }
            begun.computeIfAbsent(kind, k -> new ArrayList<>()).add(payload);
            return more ? null : begun.remove(kind);
        }
    }
}
