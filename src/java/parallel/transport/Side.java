package parallel.transport;

/** The two ends of a pair file. */
public enum Side
{
    /** The end that made the file. */
    PARENT,
    /** The end of the worker. */
    CHILD
}
