package parallel.process;

import java.util.List;

/** A process could not be started: its message is one sentence for the user, saying what is missing and where. */
public class LaunchException extends Exception
{
    private static final long serialVersionUID = 1L;
    private final transient List<String> command;

    LaunchException(final String message, final List<String> command, final Throwable cause)
    {
        super(message, cause);
        this.command = List.copyOf(command);
    }

    /** @return the whole command line as it was meant, argument files spelled out. */
    public List<String> command()
    {
        return command == null ? List.of() : command;
    }
}
