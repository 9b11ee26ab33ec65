package parallel;

import java.io.Closeable;

/**
 * A live page on the workers of a session, as {@link Look#dashboard(DashboardOptions)} serves it. Safe from any thread.
 *
 * <pre>{@code
 * try (Dashboard dashboard = Look.dashboard(DashboardOptions.defaults().port(8787))) {
 *     System.out.println(dashboard.url());
 *     work();
 * }
 * catch (ParallelException e) {
 *     System.err.println(e.getMessage());     // the port is taken
 * }
 * }</pre>
 */
public interface Dashboard extends Closeable
{
    /**
     * Returns the address of the page. Each call makes a fresh token, which is part of the address and lets one browser
     * in, once, within ten minutes. The last 64 unused tokens are valid. Never blocks.
     *
     * @return the address, such as {@code http://127.0.0.1:41234/?token=...}.
     */
    String url();

    /**
     * Returns the port that it listens on, on 127.0.0.1 alone.
     *
     * @return the port of the options, or the one that the system has chosen.
     */
    int port();

    /**
     * Returns whether it still serves.
     *
     * @return false after {@link #close()}, and after the workers of this process were closed.
     */
    boolean isOpen();

    /** Ends it: afterwards it has no thread and no socket. Blocks for two seconds at most. Idempotent. */
    @Override
    void close();
}
