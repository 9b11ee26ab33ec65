package parallel.process;

import java.util.List;

/** Gives lines to a sink one by one: a line that fails takes no other with it. */
final class LineByLine
{
    private LineByLine()
    {
    }

    static void give(Output.Sink sink, List<Output.Line> lines) throws Exception
    {
        Exception first = null;
        for (Output.Line line : lines)
        {
            try
            {
                sink.line(line.stream(), line.processId(), line.text());
            }
            catch (Exception e)     // a writer in Clojure throws checked ones, too
            {
                first = first == null ? e : first;
            }
        }
        if (first != null)
        {
            throw first;
        }
    }
}
