package parallel.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** The processors that this process may use, by their numbers. Safe from any thread. */
public final class Processors
{
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String ALLOWED = "Cpus_allowed_list:";
    private static final AtomicInteger DEALT = new AtomicInteger();

    private Processors()
    {
    }

    /**
     * Which there are.
     *
     * @return their numbers, ascending; empty where the system does not tell.
     */
    public static List<Integer> allowed()
    {
        try
        {
            for (String line : new String(Files.readAllBytes(STATUS)).split("\n"))
            {
                if (line.startsWith(ALLOWED))
                {
                    return numbers(line.substring(ALLOWED.length()).trim());
                }
            }
        }
        catch (IOException | NumberFormatException e)
        {
            // as where there is no such file
        }
        return List.of();
    }

    /**
     * Writes numbers as the system does.
     *
     * @param numbers in any order.
     * @return such as {@code 0-3,8}.
     */
    public static String ranges(List<Integer> numbers)
    {
        List<Integer> sorted = numbers.stream().distinct().sorted().toList();
        List<String> ranges = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= sorted.size(); i++)
        {
            if (i == sorted.size() || sorted.get(i) != sorted.get(i - 1) + 1)
            {
                ranges.add(i - from == 1 ? "" + sorted.get(from) : sorted.get(from) + "-" + sorted.get(i - 1));
                from = i;
            }
        }
        return String.join(",", ranges);
    }

    /**
     * Reads such a text.
     *
     * @param ranges such as {@code 0-3,8}.
     * @return the numbers, ascending.
     */
    public static List<Integer> numbers(String ranges)
    {
        List<Integer> numbers = new ArrayList<>();
        for (String range : ranges.split(","))
        {
            String[] ends = range.split("-");
            int last = Integer.parseInt(ends[ends.length - 1]);
            for (int number = Integer.parseInt(ends[0]); number <= last; number++)
            {
                numbers.add(number);
            }
        }
        return numbers;
    }

    /**
     * Deals them out, one after the other, round and round.
     *
     * @return the next; 0 where the system does not tell which there are.
     */
    public static int next()
    {
        List<Integer> all = allowed();
        return all.isEmpty() ? 0 : all.get(Math.floorMod(DEALT.getAndIncrement(), all.size()));
    }
}
