package parallel.relay;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

import parallel.runtime.Threads;

/** A file that is sent on a stream of its own, as fast as the other side takes it. */
final class SentFile implements StreamListener
{
    private final Path file;
    private Stream stream;
    private boolean isOver;

    private SentFile(Path file)
    {
        this.file = file;
    }

    /**
     * Begins to send; returns at once. Where it cannot go on the stream ends too early.
     *
     * @param thread its name.
     * @param file   that is sent.
     * @param head   goes first, in a frame of its own; null: nothing does.
     * @param name   of the stream.
     * @param to     the other side.
     */
    static void send(String thread, Path file, ByteBuffer head, long name, Streams to)
    {
        SentFile sending = new SentFile(file);
        Threads.start(thread, () -> sending.run(head, name, to), e -> sending.end());
    }

    private void run(ByteBuffer head, long name, Streams to)
    {
        stream = to.open(name, this);
        try (InputStream in = Files.newInputStream(file))
        {
            if (head != null)
            {
                offer(head.array());
            }
            byte[] frame = new byte[Streams.FRAME_BYTES];
            for (int bytes = in.readNBytes(frame, 0, frame.length); bytes > 0;
                bytes = in.readNBytes(frame, 0, frame.length))
            {
                offer(Arrays.copyOf(frame, bytes));
            }
        }
        catch (IOException e)
        {
            // the other side sees that it ends too early
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
