package parallel.transport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Pair files of the smallest size for one case each. To make one costs half a millisecond, a case takes less than a
 * microsecond: so they are used again, after all that a case writes has been set back to zeros.
 */
final class Pairs
{
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final Queue<PairFile> IDLE = new ConcurrentLinkedQueue<>();

    private Pairs()
    {
    }

    static Path directory()
    {
        return Files.isWritable(SHARED_MEMORY) ? SHARED_MEMORY : Path.of(System.getProperty("java.io.tmpdir"));
    }

    // As it is after it was made. It stays mapped until this JVM ends.
    static PairFile take()
    {
        PairFile idle = IDLE.poll();
        return idle == null ? make() : idle;
    }

    // The same file, mapped once more: that mapping goes when its last channel is retired.
    static PairFile mapAgain(PairFile pair)
    {
        try
        {
            return PairFile.attach(Path.of(pair.handOn()));
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    static void giveBack(PairFile pair)
    {
        pair.header().setMemory(PairLayout.DOWN, PairLayout.HEADER_BYTES - PairLayout.DOWN, (byte)0);
        zero(pair, PairLayout.DOWN);
        zero(pair, PairLayout.UP);
        IDLE.add(pair);
    }

    private static void zero(PairFile pair, int direction)
    {
        pair.ring(direction).buffer().setMemory(0, PairLayout.ringLength(pair.ringBytes()), (byte)0);
    }

    private static PairFile make()
    {
        try
        {
            PairFile pair = PairFile.create(directory(), PairLayout.MIN_RING_BYTES, ProcessHandle.current().pid(), 1);
            pair.attached();
            pair.retain();
            return pair;
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }
}
