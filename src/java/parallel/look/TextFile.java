package parallel.look;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

import parallel.control.Errors;

/** A file for people, written as a whole. */
final class TextFile
{
    private TextFile()
    {
    }

    /**
     * Writes it.
     *
     * @param what it is, for the error.
     * @param path is overwritten.
     * @param text of it.
     */
    static void write(String what, Path path, String text)
    {
        if (path == null)
        {
            throw Errors.badArgument("A " + what + " takes the path of a file, not null.");
        }
        if (Files.isDirectory(path))
        {
            throw refusal(what, path, "it is a directory; name a file in it");
        }
        Path directory = path.toAbsolutePath().getParent();
        if (directory != null && !Files.isDirectory(directory))
        {
            throw refusal(what, path, "there is no directory " + directory);
        }
        try
        {
            Files.write(path, text.getBytes(StandardCharsets.UTF_8));
        }
        catch (IOException e)
        {
            throw refusal(what, path, e.toString());
        }
    }

    private static RuntimeException refusal(String what, Path path, String why)
    {
        return Errors.badArgument("The " + what + " cannot be written to " + path + ": " + why + ".");
    }
}
