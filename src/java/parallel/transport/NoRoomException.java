package parallel.transport;

import java.io.IOException;
import java.nio.file.Path;

/** A file system has too little space for a file of the library. */
public final class NoRoomException extends IOException
{
    private static final long serialVersionUID = 1L;

    private final String directory;
    private final long needed;
    private final long usable;

    /** The cause, if any, says more than the sizes: a quota, a limit on the size of files. */
    NoRoomException(Path directory, long needed, long usable, IOException cause)
    {
        super("No room in " + directory + ": " + needed + " bytes are needed, " + usable + " are usable" +
            (cause == null ? "." : ": " + cause.getMessage() + "."), cause);
        this.directory = directory.toString();
        this.needed = needed;
        this.usable = usable;
    }

    /**
     * Where there is no room.
     *
     * @return the directory.
     */
    public Path directory()
    {
        return Path.of(directory);
    }

    /**
     * What the file takes.
     *
     * @return bytes.
     */
    public long needed()
    {
        return needed;
    }

    /**
     * What the file system had.
     *
     * @return bytes.
     */
    public long usable()
    {
        return usable;
    }
}
