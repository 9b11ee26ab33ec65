package parallel.control;

import java.io.IOException;

/**
 * Which release of the library this is. Parent and worker must be of the same one: they share files, frames and values,
 * whose bytes are no promise between releases.
 */
public final class Version
{
    private static final String LIBRARY = "0.2.0-SNAPSHOT";

    private Version()
    {
    }

    /**
     * This process's release.
     *
     * @return as in build.clj.
     */
    public static String library()
    {
        return LIBRARY;
    }

    /**
     * Refuses a parent of another release.
     *
     * @param parent its release.
     * @throws IOException with both in words.
     */
    static void require(String parent) throws IOException
    {
        if (!parent.equals(library()))
        {
            throw new IOException("The parent has version " + parent +
                " of the library parallel, this worker's class path has version " +
                library() + ": put the same version on both (option classpath).");
        }
    }
}
