package parallel.relay;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import parallel.runtime.Threads;

/**
 * The jars that agents may ask for, in the link process. Each goes on a stream of its own: its sum and its length, then
 * its bytes. Safe from any thread.
 */
final class OfferedCode
{
    private final Map<String, Path> files = new ConcurrentHashMap<>();
    private final AtomicInteger next = new AtomicInteger();

    /** @param each sums and paths by turns. */
    void add(Object[] each)
    {
        for (int i = 0; i < each.length; i += 2)
        {
            files.put((String)each[i], Path.of((String)each[i + 1]));
        }
    }

    /**
     * Sends a jar; returns at once.
     *
     * @param sum of it.
     * @param to  the agent.
     * @return whether it was offered and is there.
     */
    boolean send(String sum, Streams to)
    {
        Path file = files.get(sum);
        if (file == null || !Files.isReadable(file))
        {
            return false;
        }
        Sending sending = new Sending();
        Threads.start("parallel-code-" + next.incrementAndGet(), () -> sending.run(sum, file, to), e -> sending.end());
        return true;
    }

    private final class Sending implements StreamListener
    {
        private Stream stream;
        private boolean isOver;

        private void run(String sum, Path file, Streams to)
        {
            try (InputStream in = Files.newInputStream(file))
            {
                stream = to.open(Names.code(next.incrementAndGet()), this);
                ByteBuffer head = ByteBuffer.allocate(Long.BYTES + sum.length());
                offer(head.putLong(Files.size(file)).put(sum.getBytes(StandardCharsets.US_ASCII)).array());
                byte[] frame = new byte[Streams.FRAME_BYTES];
                for (int bytes = in.readNBytes(frame, 0, frame.length); bytes > 0;
                    bytes = in.readNBytes(frame, 0, frame.length))
                {
                    offer(Arrays.copyOf(frame, bytes));
                }
            }
            catch (IOException e)
            {
                // the agent sees that it ends too early
            }
            catch (InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
            finally
            {
                end();
            }
        }

        private synchronized void offer(byte[] frame) throws InterruptedException, IOException
        {
            while (!isOver && !stream.offer(frame))
            {
                wait();
            }
            if (isOver)
            {
                throw new IOException("The stream has ended.");
            }
        }

        private void end()
        {
            if (stream != null)
            {
                stream.close();
            }
        }

        @Override
        public void onFrame(byte[] frame)
        {
            stream.grant();
        }

        @Override
        public synchronized void onReady()
        {
            notifyAll();
        }

        @Override
        public synchronized void onEnd(Throwable why)
        {
            isOver = true;
            notifyAll();
        }
    }
}
