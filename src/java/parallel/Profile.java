package parallel;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where the time of workers went: stacks and how often each was seen. A stack is the names of its frames, the outermost
 * first, with a semicolon between them. A sample stands for 10 ms of a thread that ran, or waited; then the last frame
 * says for what, as in {@code [waits: receive]}.
 *
 * <pre>{@code
 * Profile profile = Look.profile(Duration.ofSeconds(2), worker);
 * if (profile.merged().isEmpty()) {
 *     System.err.println("the worker did not record: is it stopped?");
 * }
 * }</pre>
 *
 * @param merged  the stacks of all workers together.
 * @param workers the stacks of each that is known, by its id.
 */
public record Profile(Map<String, Long> merged, Map<Integer, Map<String, Long>> workers)
{
    /**
     * Keeps copies.
     *
     * @param merged  the stacks of all workers together.
     * @param workers the stacks of each that is known, by its id.
     */
    public Profile
    {
        merged = Collections.unmodifiableMap(new TreeMap<>(merged));
        Map<Integer, Map<String, Long>> copies = new TreeMap<>();
        workers.forEach((id, stacks) -> copies.put(id, Collections.unmodifiableMap(new TreeMap<>(stacks))));
        workers = Collections.unmodifiableMap(copies);
    }

    /**
     * Puts the profiles of some workers together.
     *
     * @param workers the stacks of each, by its id.
     * @return the profile.
     */
    public static Profile of(Map<Integer, Map<String, Long>> workers)
    {
        Map<String, Long> merged = new TreeMap<>();
        workers.values().forEach(stacks -> stacks.forEach((stack, count) -> merged.merge(stack, count, Long::sum)));
        return new Profile(merged, workers);
    }
}
