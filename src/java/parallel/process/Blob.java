package parallel.process;

import java.nio.file.Path;

/**
 * A jar of a class path that is sent to another machine, and kept there by its content.
 *
 * @param sum   its SHA-256, 64 hexadecimal digits.
 * @param bytes its length.
 * @param file  where it is here: an entry of the class path, or what a directory was packed into.
 */
public record Blob(String sum, long bytes, Path file)
{
}
