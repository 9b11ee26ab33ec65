package parallel.look;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Texts of the library's jar that pages are made of. */
public final class Resources
{
    private static final String DIRECTORY = "/parallel/";

    private Resources()
    {
    }

    /**
     * Reads one.
     *
     * @param name below the directory of the library's.
     * @return its text.
     */
    public static String text(String name)
    {
        try (InputStream in = Resources.class.getResourceAsStream(DIRECTORY + name))
        {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }
}
