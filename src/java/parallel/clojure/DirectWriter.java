package parallel.clojure;

import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * {@code *out*} or {@code *err*} of a worker process: UTF-8 whatever the locale, and nothing kept back, so that what
 * was printed just before a crash is not lost.
 */
public final class DirectWriter extends Writer implements LabelledByParent
{
    private final PrintStream stream;
    private char pendingHigh;

    /**
     * A writer.
     *
     * @param stream an unbuffered one.
     */
    public DirectWriter(PrintStream stream)
    {
        this.stream = stream;
    }

    @Override
    public void write(char[] chars, int offset, int length)
    {
        write(new String(chars, offset, length), 0, length);
    }

    @Override
    public synchronized void write(String text, int offset, int length)
    {
        String part = (pendingHigh == 0 ? "" : String.valueOf(pendingHigh)) + text.substring(offset, offset + length);
        pendingHigh = 0;
        if (!part.isEmpty() && Character.isHighSurrogate(part.charAt(part.length() - 1)))
        {
            pendingHigh = part.charAt(part.length() - 1);
            part = part.substring(0, part.length() - 1);
        }
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        stream.write(bytes, 0, bytes.length);
    }

    @Override
    public void flush()
    {
        stream.flush();
    }

    @Override
    public void close()
    {
        flush();
    }
}
