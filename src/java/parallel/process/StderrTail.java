package parallel.process;

import java.util.ArrayDeque;
import java.util.List;

/** The last lines of a worker's stderr, for the error that says how it died. Safe from any thread. */
final class StderrTail
{
    private static final int LINES = 20;
    private static final int CHARS = 64 * 1024;
    private static final int LINE_CHARS = 8 * 1024;
    private final ArrayDeque<String> tail = new ArrayDeque<>();
    private int chars;

    synchronized void add(List<String> lines)
    {
        lines.subList(Math.max(0, lines.size() - LINES), lines.size()).forEach(this::add);
    }

    synchronized List<String> lines()
    {
        return List.copyOf(tail);
    }

    private void add(String line)
    {
        String kept = line.length() <= LINE_CHARS ? line : line.substring(0, LINE_CHARS) + "...";
        tail.add(kept);
        chars += kept.length();
        while (tail.size() > LINES || chars > CHARS)
        {
            chars -= tail.poll().length();
        }
    }
}
