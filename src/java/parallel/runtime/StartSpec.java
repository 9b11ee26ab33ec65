package parallel.runtime;

import parallel.WorkerOptions;
import parallel.control.Work;

/**
 * What a worker is started with.
 *
 * @param context of the parent.
 * @param id      of the worker.
 * @param options checked ones.
 * @param work    what it evaluates; {@link Work#IDLE} for a forked worker.
 */
public record StartSpec(Context context, int id, WorkerOptions options, Work work)
{
    boolean forked()
    {
        return work.kind() == Work.NONE;
    }
}
