package parallel.runtime;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Tells a listener of events, one after the other, on other threads: the listener may take its time, or wait for what
 * the event is of. Safe from any thread.
 */
public final class EventListener
{
    private static final System.Logger LOG = System.getLogger("parallel");

    private final Consumer<Map<String, Object>> listener;
    /** Done when the listener has heard of all events so far. */
    private CompletableFuture<Void> told = CompletableFuture.completedFuture(null);

    /**
     * Of a listener.
     *
     * @param listener null: nobody is told.
     */
    public EventListener(Consumer<Map<String, Object>> listener)
    {
        this.listener = listener;
    }

    /**
     * Says whether anybody is told.
     *
     * @return false: there is no listener.
     */
    public boolean isThere()
    {
        return listener != null;
    }

    /**
     * Tells of an event. Returns at once.
     *
     * @param what the event, with {@code "event"}, its name.
     * @param of   whose it is, for the log where the listener throws.
     */
    public synchronized void tell(Map<String, Object> what, String of)
    {
        told = told.handleAsync((none, failure) -> call(what, of), Threads::execute);
    }

    private Void call(Map<String, Object> what, String of)
    {
        try
        {
            listener.accept(what);
        }
        catch (Throwable e)
        {
            LOG.log(System.Logger.Level.WARNING, "The on-event listener of " + of + " threw at " + what.get("event"),
                e);
        }
        return null;
    }
}
