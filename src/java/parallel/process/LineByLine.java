package parallel.process;

import java.io.IOException;
import java.util.List;

/** Gives lines to a sink one by one: a line that fails takes no other with it. */
final class LineByLine
{
    private LineByLine()
    {
    }

    static void give(final Output.Sink sink, final List<Output.Line> lines) throws IOException
    {
        Exception first = null;
        for (final Output.Line line : lines)
        {
            try
            {
                sink.line(line.stream(), line.processId(), line.text());
            }
            catch (final IOException | RuntimeException e)
            {
                first = first == null ? e : first;
            }
        }
        if (first instanceof IOException)
        {
            throw (IOException)first;
        }
        if (first != null)
        {
            throw (RuntimeException)first;
        }
    }
}
