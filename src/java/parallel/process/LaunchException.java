package parallel.process;

import java.util.List;

/** A process could not be started: its message is one sentence for the user, saying what is missing and where. */
public class LaunchException extends Exception
{
    private static final long serialVersionUID = 1L;
    private final transient List<String> command;
    private final boolean ofScratch;

    LaunchException(String message, List<String> command, Throwable cause)
    {
        this(message, command, cause, false);
    }

    private LaunchException(String message, List<String> command, Throwable cause, boolean ofScratch)
    {
        super(message, cause);
        this.command = List.copyOf(command);
        this.ofScratch = ofScratch;
    }

    // Nothing was started: its arguments could not be written to the directory that was given for them.
    static LaunchException ofScratch(String message, List<String> command, Throwable cause)
    {
        return new LaunchException(message, command, cause, true);
    }

    /** @return whether another directory for the arguments may help. */
    public boolean isOfScratch()
    {
        return ofScratch;
    }

    /** @return the whole command line as it was meant, argument files spelled out. */
    public List<String> command()
    {
        return command == null ? List.of() : command;
    }
}
