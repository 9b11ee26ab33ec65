package parallel.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.Peer;
import parallel.codec.Codec;
import parallel.runtime.Context;
import parallel.runtime.Evaluation;
import parallel.runtime.Language;
import parallel.runtime.RemoteError;
import parallel.runtime.Threads;

/**
 * The body of a pool's worker: evaluates tasks in the order in which they come from the parent. The evaluation thread evaluates; a
 * thread beside it receives, so that a task can be cancelled while it runs. Ends when told to, or when the parent is gone.
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

    private final LinkedBlockingQueue<Received> queue = new LinkedBlockingQueue<>();
    private final Map<Long, Defined> functions = new ConcurrentHashMap<>();
    private final Context context = Context.current();
    private Peer parent;
    private volatile Running running;
    private volatile boolean ending;

    /** Made in a worker. */
    public TaskLoop()
    {
    }

    @Override
    public Object call()
    {
        running = new Running(this);
        parent = context.serve(this::finish);
        Threads.start("parallel-tasks-" + context.id(), this::listen);
        say(Wire.message(Wire.READY));
        for (Received task = next(); task != END && !ending; task = next())
        {
            evaluate(task);
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
            catch (final InterruptedException e)
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
        if (!running.begin(task.id()))
        {
            giveBack(task.id());
            return;
        }
        final long began = System.nanoTime();
        byte[] bytes;
        int kind = Wire.ERROR;
        try
        {
            bytes = Codec.toBytes(value(task));
            kind = Wire.VALUE;
        }
        catch (final Language.NotEvaluable e)
        {
            bytes = failure(e.getCause(), RemoteError.Phase.NOT_EVALUABLE, task);
        }
        catch (final parallel.codec.NotTransferableException e)
        {
            bytes = failure(e, RemoteError.Phase.NOT_TRANSFERABLE, task);
        }
        catch (final Throwable e)
        {
            bytes = failure(e, RemoteError.Phase.THREW, task);
        }
        final long nanos = System.nanoTime() - began;
        if (running.end())
        {
            doing(null);    // before its result is on its way: who dies now has not died of the next
            say(kind == Wire.VALUE ? Wire.message(kind, task.id(), bytes, nanos) : Wire.message(kind, task.id(), bytes));
        }
    }

    private static byte[] failure(Throwable e, RemoteError.Phase phase, Received task)
    {
        return Evaluation.failure(e, phase, task.text()).bytes();
    }

    private Object value(Received task) throws Throwable
    {
        if (task.function() instanceof Defined function && !function.isMade())
        {
            doing(Wire.LOADING + task.text());
            function.make();
        }
        doing(task.text());
        if (task.function() instanceof Defined function)
        {
            return function.call(Codec.fromBytes(task.payload()));
        }
        final Object body = Codec.bodyFromBytes(task.payload(), Thread.currentThread().getContextClassLoader());
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

    void doing(String text)
    {
        context.doing(text);
    }

    /** An interrupted send has sent nothing, and is done again; a parent that is gone needs nothing. */
    void say(Object[] message)
    {
        boolean interrupted = false;
        while (true)
        {
            try
            {
                parent.send(message);
                break;
            }
            catch (final InterruptedException e)
            {
                interrupted = true;
            }
            catch (final ParallelException e)
            {
                finish();
                break;
            }
        }
        if (interrupted && ending)
        {
            Thread.currentThread().interrupt();
        }
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
        catch (final ParallelException | InterruptedException e)
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
        catch (final parallel.NotTransferableException e)
        {
            return e.getMessage();      // not the pool's: all of its messages can be read
        }
    }

    private void handle(Object message)
    {
        switch (Wire.kind(message))
        {
            case Wire.DEFINE -> functions.put(Wire.number(message, 1), new Defined(Wire.bytes(message, 2)));
            case Wire.FORGET -> functions.remove(Wire.number(message, 1));
            case Wire.TASK -> queue.add(new Received(Wire.number(message, 1), functions.get(Wire.number(message, 2)),
                (String)Wire.part(message, 3), Wire.bytes(message, 4)));
            case Wire.CANCEL -> cancel(Wire.number(message, 1));
            case Wire.RECALL -> giveBackWaiting();
            case Wire.QUIT -> queue.add(END);
            default -> System.err.println("parallel: a message to worker " + context.id() + " that is none of its pool's is ignored: " + message);
        }
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
        final List<Received> waiting = new ArrayList<>();
        queue.drainTo(waiting);
        final boolean quitting = waiting.remove(END);
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
