package parallel.runtime;

import java.util.Optional;
import java.util.OptionalInt;

/** How a worker ended, as far as its place can tell. */
public sealed interface Ending
{
    /** Of a thread, and of what has not ended or was never started. */
    Ending UNKNOWN = new Unknown();

    /** Nothing is known. */
    record Unknown() implements Ending
    {
        @Override
        public String words()
        {
            return "";
        }
    }

    /**
     * Its process exited.
     *
     * @param code its exit code.
     */
    record Exited(int code) implements Ending
    {
        @Override
        public OptionalInt exit()
        {
            return OptionalInt.of(code);
        }

        @Override
        public String words()
        {
            return ", with exit code " + code;
        }
    }

    /**
     * Its process was ended by a signal.
     *
     * @param code its exit code.
     * @param name of the signal, such as {@code "KILL"}.
     */
    record Killed(int code, String name) implements Ending
    {
        @Override
        public OptionalInt exit()
        {
            return OptionalInt.of(code);
        }

        @Override
        public Optional<String> signal()
        {
            return Optional.of(name);
        }

        @Override
        public String words()
        {
            return ", killed by SIG" + name;
        }
    }

    /**
     * Its host was lost: whether and how it has ended there is not known.
     *
     * @param host      name of it.
     * @param why       as errors have it, such as {@code "silent"} or {@code "agent-died"}.
     * @param silentMs  how long nothing was heard of it.
     * @param confirmed messages of its parent's that were in its ring for certain.
     */
    record Lost(String host, String why, long silentMs, long confirmed) implements Ending
    {
        @Override
        public String words()
        {
            return ", lost with its host";
        }
    }

    /**
     * The exit code.
     *
     * @return the code; empty if there is none.
     */
    default OptionalInt exit()
    {
        return OptionalInt.empty();
    }

    /**
     * The signal that ended it.
     *
     * @return its name without SIG; empty if no signal did.
     */
    default Optional<String> signal()
    {
        return Optional.empty();
    }

    /**
     * What follows "it ended" in a sentence.
     *
     * @return words that begin with a comma; or empty.
     */
    String words();
}
