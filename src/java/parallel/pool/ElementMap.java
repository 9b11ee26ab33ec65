package parallel.pool;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

import parallel.WorkerPool;
import parallel.codec.Codec;
import parallel.codec.UnserializableException;
import parallel.control.Errors;

/**
 * A map of the Java API: each element is a task. Its value is in the journal, if there is one, before it can be seen;
 * an error is not kept. Of the thread that waits for the results.
 *
 * @param <T> of the elements.
 * @param <R> of the results.
 */
final class ElementMap<T, R>
{
    /** Given out and not taken. */
    private static final int MOST_UNDER_WAY = 1000;
    private static final String ADVICE = "Take another file";

    private final TaskExecutor pool;
    private final WorkerPool.Mapping<? super T, ? extends R> function;
    private final String text;
    private final MapJournal journal;
    private final Deque<Slot<R>> underWay = new ArrayDeque<>();

    private ElementMap(TaskExecutor pool, WorkerPool.Mapping<? super T, ? extends R> function, MapJournal journal)
    {
        this.pool = pool;
        this.function = function;
        this.text = Codec.describeBody(function);
        this.journal = journal;
    }

    /** An element that is given out, or was found in the journal. */
    private record Slot<R>(ElementTask<R> task, R found)
    {
        R value() throws InterruptedException, IOException
        {
            return task == null ? found : task.kept();
        }

        void cancel()
        {
            if (task != null)
            {
                task.cancel(true);
            }
        }
    }

    /** The task of an element; kept before it is settled. */
    private static final class ElementTask<R> extends PoolTask<R>
    {
        private final MapJournal journal;
        private final long index;
        private volatile IOException unwritten;

        ElementTask(TaskExecutor pool, TaskContent content, Object client, MapJournal journal, long index)
        {
            super(pool, content, client);
            this.journal = journal;
            this.index = index;
        }

        @Override
        protected boolean complete(byte[] ofValue)
        {
            if (journal != null && !isDone())
            {
                try
                {
                    journal.keep(index, false, ofValue);
                }
                catch (IOException e)
                {
                    unwritten = e;
                }
            }
            return super.complete(ofValue);
        }

        R kept() throws InterruptedException, IOException
        {
            R value = value();
            if (unwritten != null)
            {
                throw unwritten;
            }
            return value;
        }
    }

    /**
     * Evaluates the elements; returns when all are done.
     *
     * @param path of the journal; null: none.
     */
    static <T, R> List<R> results(
        TaskExecutor pool, WorkerPool.Mapping<? super T, ? extends R> function, Iterable<? extends T> elements,
        Path path) throws InterruptedException, IOException
    {
        if (path == null)
        {
            return new ElementMap<T, R>(pool, function, null).results(elements.iterator());
        }
        MapJournal.Identity identity = new MapJournal.Identity(Journal.digest(encoded(function)),
            Codec.describeBody(function), 0, null);
        try (MapJournal journal = MapJournal.open(path, identity, null, ADVICE))
        {
            return new ElementMap<T, R>(pool, function, journal).results(elements.iterator());
        }
    }

    private List<R> results(Iterator<? extends T> elements) throws InterruptedException, IOException
    {
        List<R> results = new ArrayList<>();
        boolean done = false;
        try
        {
            long given = 0;
            while (elements.hasNext() || !underWay.isEmpty())
            {
                while (elements.hasNext() && underWay.size() < MOST_UNDER_WAY)
                {
                    underWay.add(give(elements.next(), given++));
                }
                results.add(underWay.remove().value());
            }
            if (journal != null)
            {
                journal.complete(given);
            }
            done = true;
            return results;
        }
        finally
        {
            if (!done)
            {
                underWay.forEach(Slot::cancel);
            }
        }
    }

    private Slot<R> give(T element, long index) throws InterruptedException, IOException
    {
        if (journal != null)
        {
            journal.checkCurrent();
            byte[] digest = Journal.digest(encoded(element));
            Journal.Entry entry = journal.find(index, digest);
            byte[] payload = entry == null ? null : journal.payload(entry);
            if (payload != null)
            {
                return found(payload);
            }
            journal.await(index, digest);
        }
        WorkerPool.Mapping<? super T, ? extends R> f = function;
        WorkerPool.Task<R> body = () -> f.apply(element);
        ElementTask<R> task = new ElementTask<>(pool,
            new TaskContent(null, text + ", element " + index, encoded(body), 1), this, journal, index);
        pool.add(task);
        return new Slot<>(task, null);
    }

    @SuppressWarnings("unchecked")  // what the function has returned, as the journal is of this function
    private Slot<R> found(byte[] payload)
    {
        return new Slot<>(null, (R)Codec.fromBytes(payload));
    }

    private static byte[] encoded(Object body)
    {
        try
        {
            return Codec.bodyToBytes(body);
        }
        catch (UnserializableException e)
        {
            throw Errors.notTransferable(e);
        }
    }
}
