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
    public synchronized void write(char[] chars, int offset, int length)
    {
        unfinished.append(chars, offset, length);
        for (int newline = unfinished.indexOf("\n"); newline >= 0; newline = unfinished.indexOf("\n"))
        {
            final int end = newline > 0 && unfinished.charAt(newline - 1) == '\r' ? newline - 1 : newline;
            context.printLine(error, unfinished.substring(0, end));
            unfinished.delete(0, newline + 1);
        }
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
            write("\n", 0, 1);
        }
    }

    @Override
    public synchronized void write(String text, int offset, int length)
    {
        write(text.substring(offset, offset + length).toCharArray(), 0, length);
    }
}
