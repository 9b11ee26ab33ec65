package parallel.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Bytes of a process to lines. A line ends with {@code \n} or {@code \r\n}; UTF-8 whatever the locale, invalid bytes
 * become U+FFFD; an unfinished line is kept until its end or that of the stream; one of more than 1 MiB is split
 * (between two characters). One thread at a time.
 */
public final class LineReader
{
    private static final int CHUNK = 64 * 1024;
    static final int LONGEST = 1024 * 1024;

    private final InputStream in;
    private byte[] bytes = new byte[CHUNK];
    private int length;         // bytes that wait for the end of their line: bytes[0, length)
    private int scanned;        // of these the first have no end of line among them
    private long bytesRead;

    /** @param in read here and closed by the caller. */
    public LineReader(InputStream in)
    {
        this.in = in;
    }

    /**
     * Reads once and returns the lines that are complete now. Blocks while there is nothing to read.
     *
     * @return the lines without their ends, perhaps none; null at the end of the stream: then {@link #rest()} has what
     * was not finished.
     * @throws IOException as the stream does, also when it is closed.
     */
    public List<String> read() throws IOException
    {
        reserve();
        int count = in.read(bytes, length, bytes.length - length);
        if (count < 0)
        {
            return null;
        }
        bytesRead += count;
        length += count;
        return split();
    }

    /** @return the unfinished line, none when there is none; the reader forgets it. */
    public List<String> rest()
    {
        if (length == 0)
        {
            return List.of();
        }
        String line = line(0, length);
        length = 0;
        scanned = 0;
        return List.of(line);
    }

    /** @return how many bytes have been read in all. */
    public long bytesRead()
    {
        return bytesRead;
    }

    private void reserve()
    {
        if (length == bytes.length)
        {
            bytes = Arrays.copyOf(bytes, Math.min(2 * length, LONGEST));
        }
    }

    /** Changes nothing before all lines are made: without memory the next call makes them. */
    private List<String> split()
    {
        List<String> lines = new ArrayList<>();
        int start = 0;
        for (int i = scanned; i < length; i++)
        {
            if (bytes[i] == '\n')
            {
                lines.add(line(start, i));
                start = i + 1;
            }
        }
        if (start == 0 && length == LONGEST)
        {
            start = characterStart();
            lines.add(line(0, start));
        }
        keepFrom(start);
        return lines;
    }

    private void keepFrom(int start)
    {
        length -= start;
        scanned = length;
        System.arraycopy(bytes, start, bytes, 0, length);
        if (length < CHUNK && bytes.length > CHUNK)
        {
            bytes = Arrays.copyOf(bytes, CHUNK);
        }
    }

    /** Where the last, perhaps unfinished, character of a full buffer begins; a tail of stray bytes is cut anywhere. */
    private int characterStart()
    {
        for (int i = length - 1; i >= length - 4; i--)
        {
            if ((bytes[i] & 0xC0) != 0x80)
            {
                return bytes[i] >= 0 ? length : i;
            }
        }
        return length;
    }

    private String line(int from, int to)
    {
        int end = to > from && bytes[to - 1] == '\r' ? to - 1 : to;
        return new String(bytes, from, end - from, StandardCharsets.UTF_8);
    }
}
