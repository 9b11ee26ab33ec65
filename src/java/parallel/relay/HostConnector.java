package parallel.relay;

/** Brings machines in: starts an agent there and connects to it. */
public interface HostConnector
{
    /**
     * Starts the agent of a host and connects to it; blocks until that is done.
     *
     * @param number of the host.
     * @param how    what the parent said of it, as codec bytes.
     * @return the connection.
     * @throws HostNotAddedException if it did not work, with a sentence and what is known.
     * @throws InterruptedException  if interrupted: the host is not wanted any more.
     */
    Connected connect(int number, byte[] how) throws HostNotAddedException, InterruptedException;

    /** A host that is connected. Safe from any thread. */
    interface Connected extends AutoCloseable
    {
        /**
         * The connection.
         *
         * @param lost called once, when it has broken.
         */
        Streams streams(Runnable lost);

        /** The secret that its agent knows. */
        byte[] secret();

        /** How long nothing may be heard of it, in ms. */
        long timeoutMs();

        /**
         * What broke the connection, as far as the launcher knows; waits a moment for its end.
         *
         * @return {@code agent-died} or {@code connection}.
         */
        String whyLost();

        /** Ends the connection and the launcher. Idempotent. */
        @Override
        void close();
    }
}
