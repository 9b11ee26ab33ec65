package parallel.pool;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * What is to be done after a while: one thread for all pools of the process, which ends when it has had nothing to do
 * for a second.
 */
public final class Timer
{
    private static final ScheduledThreadPoolExecutor TIMER = timer();

    private Timer()
    {
    }

    private static ScheduledThreadPoolExecutor timer()
    {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, body ->
        {
            Thread thread = new Thread(null, body, "parallel-later-0", 0, false);
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        timer.setKeepAliveTime(1, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
        return timer;
    }

    /**
     * Does something after a while.
     *
     * @param ms   how long.
     * @param body what; must not block.
     * @return can be cancelled.
     */
    public static ScheduledFuture<?> after(long ms, Runnable body)
    {
        return TIMER.schedule(() -> Pool.logged(body), ms, TimeUnit.MILLISECONDS);
    }
}
