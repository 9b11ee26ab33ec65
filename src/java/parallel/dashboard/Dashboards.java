package parallel.dashboard;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

import parallel.Dashboard;
import parallel.DashboardOptions;
import parallel.control.Errors;

/** Opens dashboards. Safe from any thread. */
public final class Dashboards
{
    private Dashboards()
    {
    }

    /**
     * Opens one.
     *
     * @param options  of it.
     * @param findings what is wrong, worst first, asked for about once a second while somebody watches: maps with
     *                 finding, text, ids and do; null: what this room knows by itself.
     * @return it.
     */
    public static Dashboard open(DashboardOptions options, Supplier<List<Map<String, Object>>> findings)
    {
        if (options == null)
        {
            throw Errors.badArgument("A dashboard takes options, such as DashboardOptions.defaults(), not null.");
        }
        try
        {
            Server server = Server.open(options, findings);
            if (options.open())
            {
                Browser.open(server.urlOfOwnUser());
            }
            return server;
        }
        catch (NoClassDefFoundError e)
        {
            throw Errors.badArgument("A dashboard needs the module jdk.httpserver, which this JVM has not resolved: " +
                "start it with --add-modules jdk.httpserver, or let your module-info require that module.");
        }
    }
}
