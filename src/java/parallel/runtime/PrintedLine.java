package parallel.runtime;

/**
 * A line that a worker has printed, for who looks.
 *
 * @param id      of the worker: the one that is asked for, or one below it.
 * @param isError whether it was written to stderr.
 * @param text    its beginning, 400 characters at most.
 */
public record PrintedLine(int id, boolean isError, String text)
{
}
