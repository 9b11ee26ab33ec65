package parallel;

import java.util.Map;

/**
 * How a {@link Dashboard} is served. Immutable: each method returns new options. Safe from any thread. A value that is
 * not allowed throws a {@link ParallelException} with {@link ParallelException.Code#BAD_ARGUMENT} at once.
 *
 * <pre>{@code
 * DashboardOptions options = DashboardOptions.defaults().port(8787).actions(true);
 * DashboardOptions.defaults().port(-1);     // throws ParallelException, BAD_ARGUMENT
 * }</pre>
 */
public final class DashboardOptions
{
    private static final int MOST_PORT = 65_535;
    private static final DashboardOptions DEFAULTS = new DashboardOptions(0, false, false);

    private final int port;
    private final boolean open;
    private final boolean actions;

    private DashboardOptions(int port, boolean open, boolean actions)
    {
        this.port = port;
        this.open = open;
        this.actions = actions;
    }

    /**
     * Returns the defaults: a port that is free, no browser, no actions.
     *
     * @return the options.
     */
    public static DashboardOptions defaults()
    {
        return DEFAULTS;
    }

    /**
     * Sets the port of 127.0.0.1 that it listens on.
     *
     * @param port the port, 1 to 65535; 0, the default: one that is free.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another number.
     */
    public DashboardOptions port(int port)
    {
        if (port < 0 || port > MOST_PORT)
        {
            throw new ParallelException(ParallelException.Code.BAD_ARGUMENT,
                "Option port of a dashboard is " + port + "; allowed is a number from 0 to 65535.",
                Map.of("option", "port", "allowed", "a number from 0 to 65535"), null);
        }
        return new DashboardOptions(port, open, actions);
    }

    /**
     * Sets whether a browser is opened.
     *
     * @param open true to open one, where there is one; default false.
     * @return new options.
     */
    public DashboardOptions open(boolean open)
    {
        return new DashboardOptions(port, open, actions);
    }

    /**
     * Sets whether the page can interrupt, stop, kill and profile workers.
     *
     * @param actions true if it can; default false: it changes nothing.
     * @return new options.
     */
    public DashboardOptions actions(boolean actions)
    {
        return new DashboardOptions(port, open, actions);
    }

    /**
     * Returns the port that was set.
     *
     * @return the port; 0: one that is free.
     */
    public int port()
    {
        return port;
    }

    /**
     * Returns whether a browser is opened.
     *
     * @return true if so; false by default.
     */
    public boolean open()
    {
        return open;
    }

    /**
     * Returns whether the page can interrupt, stop, kill and profile workers.
     *
     * @return true if so; false by default.
     */
    public boolean actions()
    {
        return actions;
    }
}
