package parallel.process;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * The read end of a process's output pipe, opened through {@code /proc/<pid>/fd/<n>}.
 *
 * <p>Two things {@link Process#getInputStream()} cannot do: {@link #close()} ends a read that is blocked in another
 * thread, and nothing is read behind our back when the process exits. One thread reads; any thread may close.
 */
final class PipeInput extends InputStream
{
    private final FileInputStream file;
    private final FileChannel channel;

    PipeInput(String path) throws IOException
    {
        file = new FileInputStream(path);
        channel = file.getChannel();
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
        return channel.read(ByteBuffer.wrap(bytes, offset, length));
    }

    @Override
    public int available() throws IOException
    {
        return file.available();
    }

    @Override
    public void close() throws IOException
    {
        channel.close();    // first: it is this that wakes the reader
        file.close();
    }
}
