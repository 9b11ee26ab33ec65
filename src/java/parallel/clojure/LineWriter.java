package parallel.clojure;

import java.io.Writer;

import parallel.runtime.Context;

/**
 * {@code *out*} or {@code *err*} of a worker that is a thread: whole lines go to its parent, which labels them.
 */
public final class LineWriter extends Writer implements LabelledByParent
{
    private final Context context;
    private final boolean error;
    private final StringBuilder unfinished = new StringBuilder();

    /**
     * A writer.
     *
     * @param context of the worker.
     * @param error   whether for stderr.
     */
    public LineWriter(Context context, boolean error)
    {
        this.context = context;
        this.error = error;
    }

    @Override
    public void write(char[] chars, int offset, int length)
    {
        write(new String(chars, offset, length), 0, length);
    }

    @Override
    public synchronized void write(String text, int offset, int length)
    {
        int end = offset + length;
        int from = offset;
        for (int newline = text.indexOf('\n', from); newline >= 0 && newline < end; newline = text.indexOf('\n', from))
        {
            unfinished.append(text, from, newline);
            printUnfinished();
            from = newline + 1;
        }
        unfinished.append(text, from, end);
    }

    private void printUnfinished()
    {
        int length = unfinished.length();
        String line =
            unfinished.substring(0, length > 0 && unfinished.charAt(length - 1) == '\r' ? length - 1 : length);
        unfinished.setLength(0);
        context.printLine(error, line);
    }

    @Override
    public void flush()
    {
        // an unfinished line is kept until its newline or the end
    }

    @Override
    public synchronized void close()
    {
        if (unfinished.length() > 0)
        {
            printUnfinished();
        }
    }
}
