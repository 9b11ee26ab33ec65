package parallel.process;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;

/**
 * Output of a process where its pipe cannot be opened a second time (no {@code /proc}): reads only what is there, so
 * that it can be closed at any time. Looks every 1 to 16 ms. One thread reads; any thread may close.
 */
public final class PolledInput extends InputStream
{
    private static final int LONGEST_PAUSE_MS = 16;
    private static final int SETTLE_MS = 50;    // the JDK moves what is left in the pipe to the heap after the exit
    private final Process process;
    private final InputStream in;
    private volatile boolean closed;

    /**
     * Reads of a process.
     *
     * @param process whose output it is.
     * @param in      one of its streams.
     */
    public PolledInput(Process process, InputStream in)
    {
        this.process = process;
        this.in = in;
    }

    @Override
    public int read() throws IOException
    {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException
    {
        boolean settled = false;
        for (int pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS))
        {
            int available = available();
            if (available > 0 && (settled || process.isAlive()))
            {
                return in.read(bytes, offset, Math.min(length, available));
            }
            if (settled)
            {
                return -1;
            }
            settled = exited(pauseMs);
        }
    }

    private boolean exited(int pauseMs) throws IOException
    {
        try
        {
            boolean exited = process.waitFor(pauseMs, TimeUnit.MILLISECONDS);
            if (exited)
            {
                TimeUnit.MILLISECONDS.sleep(SETTLE_MS);
            }
            return exited;
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for output", e);
        }
    }

    @Override
    public int available() throws IOException
    {
        if (closed)
        {
            throw new IOException("closed");
        }
        return in.available();
    }

    @Override
    public void close() throws IOException
    {
        closed = true;
        in.close();
    }
}
