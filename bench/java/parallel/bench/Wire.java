package parallel.bench;

/**
 * One way to exchange messages between two processes, as one end of it sees it: both ends are made by the same class. A
 * process has one kind of wire, so that the loops of {@link Rounds} are compiled for it alone.
 * <p>
 * One thread at a time. All calls block; what is sent may be kept until {@link #flush} or until this end receives.
 */
interface Wire
{
    /**
     * Tells the other end what it is to do next; it waits for that without using the CPU.
     *
     * @param round what and how often.
     * @throws Exception if the other end is gone.
     */
    void announce(Round round) throws Exception;

    /**
     * Waits for what the other end announces.
     *
     * @return it, or null when there is nothing more to do.
     * @throws Exception if the other end is gone.
     */
    Round next() throws Exception;

    void sendLong(long value) throws Exception;

    long receiveLong() throws Exception;

    /**
     * Takes so many longs; where the wire hands over several at once, that is how.
     *
     * @param times how many.
     * @throws Exception if the other end is gone.
     */
    default void receiveLongs(int times) throws Exception
    {
        for (int i = 0; i < times; i++)
        {
            receiveLong();
        }
    }

    void sendBytes(byte[] bytes) throws Exception;

    /**
     * Takes what {@link #sendBytes} sent, so many times; where the wire hands over several at once, that is how.
     *
     * @param bytes of that length.
     * @param times how many.
     * @throws Exception if the other end is gone.
     */
    void receiveBytes(byte[] bytes, int times) throws Exception;

    void sendArray(double[] array) throws Exception;

    /**
     * Takes what {@link #sendArray} sent.
     *
     * @param array of that length; it holds the elements afterwards.
     * @throws Exception if the other end is gone.
     */
    void receiveArray(double[] array) throws Exception;

    /**
     * Takes what {@link #sendArray} sent, where the wire makes arrays itself.
     *
     * @return a new one.
     * @throws Exception if the other end is gone.
     */
    default double[] receiveNewArray() throws Exception
    {
        throw new UnsupportedOperationException();
    }

    /**
     * Lets go of what was kept.
     *
     * @throws Exception if the other end is gone.
     */
    default void flush() throws Exception
    {
    }

    /**
     * The process of the other end.
     *
     * @return its id.
     */
    long otherPid();

    /**
     * Ends the other end, and gives up what this one holds.
     *
     * @throws Exception if that fails.
     */
    void close() throws Exception;
}
