package parallel.place;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;

import parallel.WorkerOptions;
import parallel.child.WorkerSide;
import parallel.control.Frames;
import parallel.control.Work;
import parallel.process.ThisProcess;
import parallel.runtime.Context;
import parallel.runtime.Place;
import parallel.runtime.Session;
import parallel.runtime.StartSpec;
import parallel.runtime.WorkerHandle;
import parallel.runtime.WorkerLife;
import parallel.transport.Link;
import parallel.transport.LinkListener;

/**
 * A place where a worker lives that fails: a thread of this process, one of whose calls throws. A step is the name of a
 * call of the place ("start"), "make" for when it was made, "slot" for when a slot is taken for it, the name of a call
 * of the link to it ("link.send"), or of a frame to the parent ("frame.VALUE") that is lost by an error of the thread
 * that reads it. A step that ends in "!" fails once and then works.
 */
public final class Faulty
{
    private static final Map<String, Byte> FRAMES = Map.of("READY", Frames.READY, "VALUE", Frames.VALUE,
        "ERROR", Frames.ERROR, "RESULT", Frames.RESULT, "RESULT_ERROR", Frames.RESULT_ERROR);

    private final String step;
    private final Supplier<Throwable> error;
    private final Map<String, Integer> calls = new ConcurrentHashMap<>();

    private Faulty(String step, Supplier<Throwable> error)
    {
        this.step = step;
        this.error = error;
    }

    /**
     * Starts a worker in such a place.
     *
     * @param options of a worker that is a thread.
     * @param work     what it evaluates.
     * @param maker   of the handle.
     * @param step    which call fails.
     * @param error   what it throws: a RuntimeException or an Error.
     * @return the handle.
     */
    public static WorkerHandle start(WorkerOptions options, Work work, Function<StartSpec, WorkerHandle> maker,
        String step, Supplier<Throwable> error) throws Exception
    {
        StartSpec spec = new StartSpec(Context.current(), Session.current().page().nextId(), options, work);
        WorkerHandle handle = maker.apply(spec);
        Faulty faulty = new Faulty(step, error);
        Workers.begin(handle, (s, output, undo) ->
        {
            Place place = faulty.proxy(Place.class, "", ThreadPlace.make(s, output, undo));
            faulty.failAt("make");
            return place;
        });
        return handle;
    }

    /**
     * Starts a worker in a place that says that it is on another machine.
     *
     * @param options of a worker that is a thread.
     * @param work    what it evaluates.
     * @param maker   of the handle.
     * @return the handle.
     */
    public static WorkerHandle elsewhere(WorkerOptions options, Work work, Function<StartSpec, WorkerHandle> maker)
    {
        StartSpec spec = new StartSpec(Context.current(), Session.current().page().nextId(), options, work);
        WorkerHandle handle = maker.apply(spec);
        Workers.begin(handle, (s, output, undo) ->
        {
            Place here = ThreadPlace.make(s, output, undo);
            return (Place)Proxy.newProxyInstance(Faulty.class.getClassLoader(), new Class<?>[]{ Place.class },
                (proxy, method, arguments) -> method.getName().equals("host") ? 7 : invoked(here, method, arguments));
        });
        return handle;
    }

    private static Object invoked(Object real, Method method, Object[] arguments) throws Throwable
    {
        try
        {
            method.setAccessible(true);
            return method.invoke(real, arguments);
        }
        catch (InvocationTargetException e)
        {
            throw e.getCause();
        }
    }

    /** Replies of that handle that are settled by nobody yet. */
    public static int awaited(WorkerHandle handle) throws ReflectiveOperationException
    {
        Object control = field(WorkerLife.class, "control").get(handle.life());
        return ((Map<?, ?>)field(control.getClass(), "replies").get(control)).size();
    }

    /** Threads that a worker which is a thread keeps for forms that it evaluates beside its own. */
    public static int now(WorkerHandle handle) throws ReflectiveOperationException
    {
        Object side = field(ThreadPlace.class, "side").get(handle.life().place());
        return ((Map<?, ?>)field(WorkerSide.class, "now").get(side)).size();
    }

    /** Waits for spares of which one is never seen to go. */
    @SuppressWarnings("unchecked")
    public static void awaitSparesOneOfWhichStays() throws ReflectiveOperationException
    {
        Spares spares = new Spares(Context.current(), Bases::ofThisJvm);
        ((List<Spare>)field(Spares.class, "going").get(spares)).add(null);
        spares.awaitGone();
    }

    /** Takes a slot for a worker whose parent has none, as if its process had that pid. */
    public static int orphan(int id, int parent, long pid)
    {
        int slot = Session.current().page().acquireSlot(id, parent, null, System.currentTimeMillis());
        Session.current().page().slotPid(slot, 0, pid, ThisProcess.startMs(pid));
        return slot;
    }

    public static void releaseOrphans()
    {
        Session.current().releaseOrphans();
    }

    public static void release(int slot, int id)
    {
        Session.current().release(slot, id);
    }

    /** Ids of the session's workers. */
    public static List<Integer> ids()
    {
        List<Integer> ids = new ArrayList<>();
        Session.current().page().slots().forEach(slot -> ids.add(slot.id()));
        return ids;
    }

    private static Field field(Class<?> of, String name) throws ReflectiveOperationException
    {
        Field field = of.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    private <T> T proxy(Class<T> type, String prefix, T real)
    {
        return type.cast(Proxy.newProxyInstance(Faulty.class.getClassLoader(), new Class<?>[]{ type },
            (proxy, method, arguments) -> call(real, prefix, method, arguments)));
    }

    private Object call(Object real, String prefix, Method method, Object[] arguments) throws Throwable
    {
        boolean afterwards = method.getName().equals("finish");   // or its thread would be left
        if (method.getName().equals("channel") && calls.merge("channel looked at", 1, Integer::sum) == 2)
        {
            failAt("slot");     // for that it is asked a second time
        }
        if (!afterwards)
        {
            failAt(prefix + method.getName());
        }
        if (method.getName().equals("start"))
        {
            arguments[0] = listener((LinkListener)arguments[0]);
        }
        Object answer = invoked(real, method, arguments);
        if (afterwards)
        {
            failAt(prefix + method.getName());
        }
        return answer instanceof Link link ? proxy(Link.class, "link.", link) : answer;
    }

    private LinkListener listener(LinkListener real)
    {
        return new LinkListener()
        {
            @Override
            public void onFrame(ByteBuffer frame)
            {
                FRAMES.forEach((name, kind) ->
                {
                    if (kind == Frames.kind(frame))
                    {
                        failAt("frame." + name);
                    }
                });
                real.onFrame(frame);
            }

            @Override
            public void onLost(Throwable e)
            {
                real.onLost(e);
            }

            @Override
            public void onEnd()
            {
                real.onEnd();
            }
        };
    }

    private void failAt(String name)
    {
        int call = calls.merge(name, 1, Integer::sum);
        if (name.equals(step) || (name + "!").equals(step) && call == 1)
        {
            Faulty.<RuntimeException>sneaky(error.get());
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void sneaky(Throwable e) throws E
    {
        throw (E)e;
    }
}
