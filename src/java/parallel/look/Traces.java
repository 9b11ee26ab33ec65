package parallel.look;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Frames as text: a line each, of which the last may be cut.
 *
 * <pre>
 *   class TAB method TAB file, which may be missing TAB line
 * </pre>
 */
final class Traces
{
    private static final int PARTS = 4;

    private Traces()
    {
    }

    static String text(List<StackTraceElement> frames)
    {
        return frames.stream().map(frame -> String.join("\t", frame.getClassName(), frame.getMethodName(),
            frame.getFileName() == null ? "" : frame.getFileName(), frame.getLineNumber() + "\n"))
            .collect(Collectors.joining());
    }

    static List<StackTraceElement> frames(String text)
    {
        List<StackTraceElement> frames = new ArrayList<>();
        for (int from = 0, end = text.indexOf('\n'); end >= 0; from = end + 1, end = text.indexOf('\n', from))
        {
            String[] parts = text.substring(from, end).split("\t");
            if (parts.length == PARTS)
            {
                frames.add(new StackTraceElement(parts[0], parts[1], parts[2].isEmpty() ? null : parts[2],
                    Integer.parseInt(parts[3])));
            }
        }
        return frames;
    }
}
