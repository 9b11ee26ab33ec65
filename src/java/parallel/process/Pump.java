package parallel.process;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Reads one stream of a process into its {@link Output} until the end of the stream, or, once abandoned, until there is
 * nothing to read without waiting.
 */
final class Pump implements Runnable
{
    /** What a pipe can hold at most: all that the process itself may have left in it. */
    private static final long PIPE_BYTES = 1024 * 1024;

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Output output;
    private final Output.Stream stream;
    private final InputStream in;
    private final LineReader reader;
    private volatile boolean abandoned;
    private volatile boolean reading;
    private long abandonedAtByte = -1;

    Pump(Output output, Output.Stream stream, InputStream in)
    {
        this.output = output;
        this.stream = stream;
        this.in = in;
        this.reader = new LineReader(in);
    }

    @Override
    public void run()
    {
        try
        {
            while (pumped())
            {
                // the next
            }
        }
        catch (IOException closed)
        {
            // Abandoned, or the process was closed: what was read so far counts.
        }
        finally
        {
            end();
        }
    }

    /** False: that was all. Without memory lines may be lost, but the pipe is read on, or the process would stop. */
    private boolean pumped() throws IOException
    {
        try
        {
            List<String> lines = next();
            if (lines != null)
            {
                output.put(stream, lines);
            }
            return lines != null;
        }
        catch (RuntimeException | Error e)
        {
            LockSupport.parkNanos(PAUSE_NANOS);
            return true;
        }
    }

    /**
     * The process is gone and something else keeps the pipe open: take what is there and end. A pump that waits for
     * room in the queue is left to it; one that waits for input that will not come is woken by closing the stream.
     */
    void abandon()
    {
        abandoned = true;
        try
        {
            // Pairs with next(): either it sees abandoned before it reads, or we see that it reads.
            if (reading && in.available() == 0)
            {
                in.close();
            }
        }
        catch (IOException closed)
        {
            // It has ended by itself.
        }
    }

    private List<String> next() throws IOException
    {
        reading = true;
        try
        {
            return abandoned && nothingLeft() ? null : reader.read();
        }
        finally
        {
            reading = false;
        }
    }

    private boolean nothingLeft() throws IOException
    {
        if (abandonedAtByte < 0)
        {
            abandonedAtByte = reader.bytesRead();
        }
        return reader.bytesRead() - abandonedAtByte >= PIPE_BYTES || in.available() == 0;
    }

    private void end()
    {
        try
        {
            output.put(stream, reader.rest());
            in.close();
        }
        catch (IOException closed)
        {
            // Nothing is left to close.
        }
        finally
        {
            output.pumpEnded(this);
        }
    }
}
