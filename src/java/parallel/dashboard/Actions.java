package parallel.dashboard;

import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

import parallel.runtime.Children;
import parallel.runtime.Context;
import parallel.runtime.WorkerHandle;

/** What the page may ask for, where that was allowed: the end of something or a profile, never an evaluation. */
final class Actions
{
    private static final int ACCEPTED = 202;
    private static final int BAD_REQUEST = 400;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int BUSY = 503;

    private final Context context;
    private final RequestThreads threads;
    private final Profiles profiles;
    private final String token = new Keys().make();

    Actions(Context context, RequestThreads threads, Profiles profiles)
    {
        this.context = context;
        this.threads = threads;
        this.profiles = profiles;
    }

    /** What the page has, and whoever asks must show besides the cookie. */
    String token()
    {
        return token;
    }

    /**
     * Begins an action.
     *
     * @param given  the token of the page.
     * @param fields do, which is interrupt, stop or kill, and id, of a worker of this process; or do, which is profile,
     *               with what {@link Profiles} takes.
     * @return a code of HTTP.
     */
    int begin(String given, Map<String, String> fields)
    {
        if (!Keys.isSame(token, given))
        {
            return FORBIDDEN;
        }
        return "profile".equals(fields.get("do")) ? profiles.begin(fields) : beginOf(fields);
    }

    private int beginOf(Map<String, String> fields)
    {
        WorkerHandle worker = Children.of(context).all().stream()
            .filter(child -> String.valueOf(child.id()).equals(fields.get("id"))).findFirst().orElse(null);
        Runnable action = worker == null ? null : switch (String.valueOf(fields.get("do")))
        {
            case "interrupt" -> worker::interrupt;
            case "stop" -> worker::stop;
            case "kill" -> worker::kill;
            default -> null;
        };
        if (action == null)
        {
            return worker == null ? NOT_FOUND : BAD_REQUEST;
        }
        try
        {
            threads.executeOwn(action);
            return ACCEPTED;
        }
        catch (RejectedExecutionException e)
        {
            return BUSY;
        }
    }
}
