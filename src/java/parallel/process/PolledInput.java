package parallel.process;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;

/**
 * Output of a process where its pipe cannot be opened a second time (no {@code /proc}): reads only what is there, so
 * that it can be closed at any time. Looks every 1 to 16 ms. One thread reads; any thread may close.
 */
final class PolledInput extends InputStream
{
    private static final int LONGEST_PAUSE_MS = 16;
    private static final int SETTLE_MS = 50;    // the JDK moves what is left in the pipe to the heap after the exit
    private final Process process;
    private final InputStream in;
    private volatile boolean closed;

    PolledInput(final Process process, final InputStream in)
    {
        this.process = process;
        this.in = in;
    }

    @Override
    public int read() throws IOException
    {
        final byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(final byte[] bytes, final int offset, final int length) throws IOException
    {
        boolean settled = false;
        for (int pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS))
        {
            final int available = available();
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

    private boolean exited(final int pauseMs) throws IOException
    {
        try
        {
            final boolean exited = process.waitFor(pauseMs, TimeUnit.MILLISECONDS);
            if (exited)
            {
                TimeUnit.MILLISECONDS.sleep(SETTLE_MS);
            }
            return exited;
        }
        catch (final InterruptedException e)
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
