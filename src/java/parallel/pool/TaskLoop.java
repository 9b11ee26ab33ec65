package parallel.pool;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.function.Supplier;

import parallel.NotTransferableException;
import parallel.ParallelException;
import parallel.Peer;
import parallel.TimelineEntry.Kind;
import parallel.TimelineEntry.Outcome;
import parallel.codec.Codec;
import parallel.codec.UnserializableException;
import parallel.control.Language;
import parallel.control.RemoteError;
import parallel.runtime.Context;
import parallel.runtime.Threads;
import parallel.runtime.WorkRecord;

/**
 * The body of a pool's worker: evaluates tasks in the order in which they come from the parent. The evaluation thread
 * evaluates; another thread receives, so that a task can be cancelled while it runs. Ends when told to, or when the
 * parent is gone.
 */
public final class TaskLoop implements Callable<Object>
{
    /** A task as received. What it calls was looked up then: it may be forgotten before its turn. */
    private record Received(long id, Object function, String text, byte[] payload)
    {
    }

    /** A function that was defined: made when it is first called, on the thread that evaluates. */
    private static final class Defined
    {
        private final byte[] body;
        private Function<Object, Object> function;

        Defined(byte[] body)
        {
            this.body = body;
        }

        boolean isMade()
        {
            return function != null;
        }

        @SuppressWarnings("unchecked")  // what a pool's functions are wrapped in
        void make() throws Throwable
        {
            function = (Function<Object, Object>)Language.find().evaluate(Codec.fromBytes(body));
        }

        Object call(Object arguments)
        {
            return function.apply(arguments);
        }
    }

    private static final Received END = new Received(0, null, null, null);
    /** The id of what is no task: functions to be made. */
    private static final long LOADS = -2;

    private final LinkedBlockingQueue<Received> queue = new LinkedBlockingQueue<>();
    private final Map<Long, Defined> functions = new ConcurrentHashMap<>();
    private final Context context = Context.current();
    private final Object saying = new Object();
    private Peer parent;
    private volatile CurrentTask running;
    private volatile boolean ending;
    /** It begins nothing more, and its successor does what is left. */
    private volatile boolean leaving;
    private volatile HeapWatch heap;

    /** Made in a worker. */
    public TaskLoop()
    {
    }

    @Override
    public Object call()
    {
        running = new CurrentTask(this);
        parent = context.serve(this::finish);
        Threads.start("parallel-tasks-" + context.id(), this::listen, context::lost);
        say(Wire.message(Wire.READY));
        for (Received task = next(); task != END && !ending; task = next())
        {
            if (task.id() == LOADS)
            {
                load((List<?>)task.function());
            }
            else if (leaving)
            {
                giveBack(task.id());
            }
            else
            {
                evaluate(task);
                lookAtHeap();
            }
        }
        return null;
    }

    /** An interrupt is meant for a task: between two it has no effect. */
    private Received next()
    {
        while (true)
        {
            try
            {
                return queue.take();
            }
            catch (InterruptedException e)
            {
                if (ending)
                {
                    return END;
                }
            }
        }
    }

    private void evaluate(Received task)
    {
        WorkRecord record = context.record(task.text());
        if (!running.begin(task.id(), record))
        {
            giveBack(task.id());
            return;
        }
        long began = System.nanoTime();
        record.begin(Kind.TASK, -1, began);
        byte[] bytes;
        int kind = Wire.ERROR;
        try
        {
            bytes = toParent(value(task));
            kind = Wire.VALUE;
        }
        catch (Language.NotEvaluable e)
        {
            bytes = failure(e.getCause(), RemoteError.Phase.NOT_EVALUABLE, task);
        }
        catch (UnserializableException e)
        {
            bytes = failure(e, RemoteError.Phase.NOT_TRANSFERABLE, task);
        }
        catch (Throwable e)
        {
            bytes = failure(e, RemoteError.Phase.THREW, task);
        }
        long ended = System.nanoTime();
        long nanos = ended - began;
        record.end(running.isCancelled() ? Outcome.CANCELLED : kind == Wire.VALUE ? Outcome.OK : Outcome.ERROR, ended);
        if (running.end())
        {
            doing(null);    // before its result is on its way: who dies now has not died of the next
            say(Wire.messages(kind == Wire.VALUE ? Wire.message(kind, task.id(), bytes, nanos) :
                Wire.message(kind, task.id(), bytes), 2));
        }
    }

    /** What cannot be made says so when a task calls it. */
    private void load(List<?> needed)
    {
        doing(Wire.LOADING + "what the worker has loaded that it replaces");
        for (Object one : needed)
        {
            try
            {
                ((Defined)one).make();
            }
            catch (Throwable e)
            {
                Pool.LOG.log(System.Logger.Level.DEBUG, "A function is not loaded ahead", e);
            }
        }
        doing(null);
        say(Wire.message(Wire.WARM));
    }

    /** Between two elements of a part, on the thread that evaluates. */
    boolean endsHere()
    {
        lookAtHeap();
        return leaving;
    }

    private void lookAtHeap()
    {
        HeapWatch watch = heap;
        HeapWatch.Level level = watch == null ? null : watch.look();
        if (level != null)
        {
            say(Wire.message(level == HeapWatch.Level.FULL ? Wire.FULL : Wire.OUTGROWN));
            if (level == HeapWatch.Level.FULL)
            {
                leaving = true;
                giveBackWaiting();
            }
        }
    }

    private byte[] failure(Throwable e, RemoteError.Phase phase, Received task)
    {
        return context.toParent(() -> RemoteError.encode(e, phase, task.text()));
    }

    private Object value(Received task) throws Throwable
    {
        if (task.function() instanceof Defined function && !function.isMade())
        {
            doing(Wire.LOADING + task.text());
            function.make();
            say(Wire.message(Wire.LOADED, task.id()));
        }
        doing(task.text());
        if (task.function() instanceof Defined function)
        {
            return function.call(Codec.fromBytes(task.payload()));
        }
        Object body = Codec.bodyFromBytes(task.payload(), Thread.currentThread().getContextClassLoader());
        if (body instanceof Callable<?> callable)
        {
            return callable.call();
        }
        if (body instanceof Supplier<?> supplier)
        {
            return supplier.get();
        }
        ((Runnable)body).run();
        return null;
    }

    byte[] toParent(Object value)
    {
        return context.toParent(() -> Codec.toBytes(value));
    }

    WorkRecord record(String text)
    {
        return context.record(text);
    }

    void doing(String text)
    {
        context.doing(text);
    }

    /** An interrupted send has sent nothing, and is done again; a parent that is gone needs nothing. */
    void say(Object[]... messages)
    {
        boolean interrupted = false;
        synchronized (saying)       // those that belong together follow one another
        {
            for (Object[] message : messages)
            {
                interrupted |= say(Wire.sent(message));
            }
        }
        if (interrupted && ending)
        {
            Thread.currentThread().interrupt();
        }
    }

    /** True: interrupted meanwhile. */
    private boolean say(Object message)
    {
        boolean interrupted = false;
        while (!ending)
        {
            try
            {
                parent.send(message);
                break;
            }
            catch (InterruptedException e)
            {
                interrupted = true;
            }
            catch (ParallelException e)
            {
                finish();
            }
        }
        return interrupted;
    }

    // ---- on the thread that receives

    private void listen()
    {
        try
        {
            while (!ending)
            {
                handle(received());
            }
        }
        catch (ParallelException | InterruptedException e)
        {
            finish();   // the parent has ended, or this worker has
        }
    }

    private Object received() throws InterruptedException
    {
        try
        {
            return parent.receive();
        }
        catch (NotTransferableException e)
        {
            if (e.getCause() instanceof OutOfMemoryError lost)
            {
                throw lost;             // whose task it was is not known: the worker ends, and its tasks go to others
            }
            return e.getMessage();      // not the pool's: all of its messages can be read
        }
    }

    private void take(Object message) throws InterruptedException
    {
        long id = Wire.number(message, 1);
        Object function = functions.get(Wire.number(message, 2));
        String text = (String)Wire.part(message, 3);
        try
        {
            queue.add(new Received(id, function, text, Wire.bytes(message, 4, parent)));
        }
        catch (NotTransferableException e)
        {
            Throwable why = e.getCause() == null ? e : e.getCause();
            say(Wire.messages(Wire.message(Wire.ERROR, id, RemoteError.encode(why, RemoteError.Phase.THREW, text)), 2));
        }
    }

    private void handle(Object message) throws InterruptedException
    {
        switch (Wire.kind(message))
        {
            case Wire.DEFINE -> functions.put(Wire.number(message, 1), new Defined(Wire.bytes(message, 2, parent)));
            case Wire.FORGET -> functions.remove(Wire.number(message, 1));
            case Wire.TASK -> take(message);
            case Wire.CANCEL -> cancel(Wire.number(message, 1));
            case Wire.RECALL -> giveBackWaiting();
            case Wire.QUIT -> queue.add(END);
            case Wire.WATCH -> heap = HeapWatch.begin(context, Wire.number(message, 1), Wire.number(message, 2));
            case Wire.LOAD -> queue.add(new Received(LOADS, defined((long[])Wire.part(message, 1)), null, null));
            case Wire.LEAVE -> leave();
            default -> System.err.println("parallel: a message to worker " + context.id() +
                " that is none of its pool's is ignored: " + message);
        }
    }

    private List<Defined> defined(long[] keys)
    {
        return Arrays.stream(keys).mapToObj(functions::get).filter(Objects::nonNull).toList();
    }

    private void leave()
    {
        leaving = true;
        giveBackWaiting();
        queue.add(END);
    }

    private void cancel(long id)
    {
        if (running.cancel(id))
        {
            return;
        }
        if (queue.removeIf(task -> task.id() == id))
        {
            giveBack(id);
        }
        else
        {
            running.cancelMissed(id);
        }
    }

    private void giveBackWaiting()
    {
        List<Received> waiting = new ArrayList<>();
        queue.drainTo(waiting);
        boolean quitting = waiting.remove(END);
        giveBack(waiting.stream().mapToLong(Received::id).toArray());
        if (quitting)
        {
            queue.add(END);
        }
    }

    private void giveBack(long... ids)
    {
        say(Wire.message(Wire.GIVEN_BACK, (Object)ids));
    }

    private void finish()
    {
        ending = true;
        queue.add(END);
    }
}
