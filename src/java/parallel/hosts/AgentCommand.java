package parallel.hosts;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A command that runs on a host what follows its words, and connects stdin, stdout and stderr. */
public interface AgentCommand
{
    /** Its words, without what follows them. */
    List<String> words();

    /**
     * All of the command.
     *
     * @param script what a POSIX shell on the host is to evaluate; has no single quote in it.
     * @return the words.
     */
    default List<String> running(String script)
    {
        List<String> words = new ArrayList<>(words());
        words.addAll(List.of("sh", "-c", script));
        return words;
    }

    /** Says that it cannot be run at all. */
    default String cannotBeRun(IOException why)
    {
        return "Its command cannot be run: " + why.getMessage();
    }

    /**
     * Says what to do about what it wrote before it ended.
     *
     * @param errors lines of its stderr.
     * @return a sentence, or null where there is nothing better to say than its exit code.
     */
    default String advice(String errors)
    {
        return null;
    }

    /**
     * Why it has ended after its agent was up.
     *
     * @param exit   its exit code.
     * @param errors lines of its stderr.
     * @return a reason as errors have it, such as {@code agent-died}.
     */
    default String whyEnded(int exit, String errors)
    {
        return "agent-died";
    }

    /** Whether its lines of stderr are of use to a person. */
    default boolean isNoise(String line)
    {
        return false;
    }

    /** Whether what it has started ends by itself when it is killed. */
    default boolean endsWhatItStarted()
    {
        return false;
    }

    /** Any command. */
    record Plain(List<String> words) implements AgentCommand
    {
    }
}
