package parallel.relay;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongFunction;
import java.util.stream.Collectors;

import parallel.codec.Codec;
import parallel.process.ThisProcess;
import parallel.runtime.Session;
import parallel.runtime.Threads;

/**
 * The messages that came to an agent once for several of its workers. Each is kept in a file without a name until the
 * last of these has it in its ring: a worker that does not receive stops no other. Safe from any thread.
 */
final class ArrivingBulk
{
    /** A file takes half of what is free at most: the rings lie there, too. */
    private static final int PART_OF_FREE = 2;

    private final QueuedStream host;
    private final Map<Long, Bulk> bulks = new ConcurrentHashMap<>();

    /** @param host where its state is told. */
    ArrivingBulk(QueuedStream host)
    {
        this.host = host;
    }

    /** One message. */
    private static final class Bulk
    {
        private final long length;
        private final FileChannel file;
        private final Set<Integer> workers;
        private volatile ArrivingFrames frames;

        Bulk(long length, FileChannel file, Set<Integer> workers)
        {
            this.length = length;
            this.file = file;
            this.workers = workers;
        }
    }

    /** One message for one worker. */
    final class Copy
    {
        private final long number;
        private final int worker;
        private final Bulk bulk;

        private Copy(long number, int worker, Bulk bulk)
        {
            this.number = number;
            this.worker = worker;
            this.bulk = bulk;
        }

        long length()
        {
            return bulk.length;
        }

        /** Some of its bytes, at least one. */
        int read(long position, byte[] into)
        {
            try
            {
                int bytes = bulk.file.read(ByteBuffer.wrap(into), position);
                if (bytes <= 0)
                {
                    throw new IOException("it ends at " + position + " bytes");
                }
                return bytes;
            }
            catch (IOException e)
            {
                throw new IllegalStateException("A message for several workers cannot be read: " + e.getMessage(), e);
            }
        }

        /** All of it is in the worker's ring. */
        void taken()
        {
            if (remove(number, bulk, worker))
            {
                tell(number, RelayFrames.TAKEN);
            }
        }
    }

    /** The messages of one worker by their numbers; null: there is none. */
    LongFunction<Copy> of(int worker)
    {
        return number ->
        {
            Bulk bulk = bulks.get(number);
            return bulk == null ? null : new Copy(number, worker, bulk);
        };
    }

    // ---- what the link process says

    /** It could be sent. */
    void announced(long number, Object[] what)
    {
        long length = (Long)what[0];
        try
        {
            Set<Integer> workers = ConcurrentHashMap.newKeySet();
            workers.addAll(Arrays.stream((int[])what[1]).boxed().collect(Collectors.toList()));
            bulks.put(number, new Bulk(length, file(number, length), workers));
            host.send(RelayFrames.BULK_WANTED, number);
        }
        catch (IOException e)
        {
            tell(number, RelayFrames.FAILED);
        }
    }

    private static FileChannel file(long number, long length) throws IOException
    {
        Path directory = Session.current().directory().memory();
        if (Files.getFileStore(directory).getUsableSpace() / PART_OF_FREE < length)
        {
            throw new IOException("There is no room for " + length + " bytes.");
        }
        return FileChannel.open(directory.resolve("bulk-" + ThisProcess.pid() + "-" + number),
            StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
    }

    void withdrawn(long number, int[] workers)
    {
        Bulk bulk = bulks.get(number);
        for (int i = 0; bulk != null && i < workers.length; i++)
        {
            remove(number, bulk, workers[i]);
        }
    }

    /** Its bytes. */
    StreamListener arrive(long number, Stream stream)
    {
        Bulk bulk = bulks.get(number);
        if (bulk == null)
        {
            return null;
        }
        ArrivingFrames frames = new ArrivingFrames(stream);
        bulk.frames = frames;
        Threads.start("parallel-bulk-" + number, () -> receive(number, bulk, frames), e -> fail(number, bulk));
        return frames;
    }

    private void receive(long number, Bulk bulk, ArrivingFrames frames)
    {
        try
        {
            for (long at = 0; at < bulk.length; )
            {
                ByteBuffer frame = ByteBuffer.wrap(frames.next());
                if (frame.remaining() > bulk.length - at)
                {
                    throw new IOException("More has come than was announced.");
                }
                while (frame.hasRemaining())
                {
                    at += bulk.file.write(frame, at);
                }
            }
            tell(number, RelayFrames.THERE);
        }
        catch (IOException e)
        {
            fail(number, bulk);     // or nobody wants it any more
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        finally
        {
            frames.close();
        }
    }

    // ---- its end

    private void fail(long number, Bulk bulk)
    {
        if (bulks.remove(number, bulk))
        {
            close(bulk);
            tell(number, RelayFrames.FAILED);
        }
    }

    /** True: it was the last one. */
    private boolean remove(long number, Bulk bulk, int worker)
    {
        bulk.workers.remove(worker);
        if (!bulk.workers.isEmpty() || !bulks.remove(number, bulk))
        {
            return false;
        }
        close(bulk);
        return true;
    }

    private static void close(Bulk bulk)
    {
        ArrivingFrames frames = bulk.frames;
        if (frames != null)
        {
            frames.close();
        }
        try
        {
            bulk.file.close();
        }
        catch (IOException e)
        {
            // its name is gone already
        }
    }

    private void tell(long number, String what)
    {
        host.send(RelayFrames.BULK_IS, number, ByteBuffer.wrap(Codec.toBytes(what)));
    }

    /** Nothing arrives any more. */
    void close()
    {
        bulks.forEach(this::fail);
    }
}
