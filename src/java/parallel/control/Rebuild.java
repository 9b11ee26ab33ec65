package parallel.control;

import java.lang.reflect.Constructor;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import parallel.codec.Allocation;
import parallel.codec.Throwables;

/**
 * Rebuilds an exception of another process: with a constructor of (String, Throwable), (String), (Object) or none, or,
 * where its class has none of them, as serialization makes one, without its constructor. One whose class does not load
 * here is an {@link ExceptionOfWorker}.
 */
final class Rebuild
{
    private Rebuild()
    {
    }

    static Throwable exception(Map<?, ?> error)
    {
        Throwable cause = error.get("cause") instanceof Map<?, ?> c ? exception(c) : null;
        String name = String.valueOf(error.get("class"));
        String message = (String)error.get("message");
        Throwable rebuilt = error.get("data") == null ? null :
            Language.find().withData(message, error.get("data"), cause);
        if (rebuilt == null || !rebuilt.getClass().getName().equals(name))
        {
            Throwable ofItsClass = construct(name, message, cause);
            rebuilt = ofItsClass != null ? ofItsClass : rebuilt != null ? rebuilt :
                new ExceptionOfWorker(name, message, cause);
        }
        rebuilt.setStackTrace(frames(error.get("frames")));
        if (error.get("suppressed") instanceof List<?> suppressed)
        {
            for (Object other : suppressed)
            {
                rebuilt.addSuppressed(exception((Map<?, ?>)other));
            }
        }
        return rebuilt;
    }

    private static Throwable construct(String name, String message, Throwable cause)
    {
        try
        {
            Class<?> type = Class.forName(name, false, loader());
            if (!Throwable.class.isAssignableFrom(type))
            {
                return null;
            }
            Throwable two = construct(type, new Class<?>[]{String.class, Throwable.class}, message, cause);
            Throwable one = two != null ? two : construct(type, new Class<?>[]{String.class}, message);
            Throwable object = one != null ? one : construct(type, new Class<?>[]{Object.class}, message);
            Throwable made = object != null ? object : construct(type, new Class<?>[0]);
            Throwable built = made != null && Objects.equals(made.getMessage(), message) ? made :
                withoutConstructor(type, message, cause);
            if (built != null && cause != null && Throwables.cause(built) == null)
            {
                built.initCause(cause);
            }
            return built;
        }
        catch (ReflectiveOperationException | LinkageError | RuntimeException e)
        {
            return null;
        }
    }

    /** Its own fields are empty. Null: it says something else then, or this JVM has no such way. */
    private static Throwable withoutConstructor(Class<?> type, String message, Throwable cause)
    {
        try
        {
            Throwable made = (Throwable)Allocation.make(
                type, Throwable.class.getConstructor(String.class, Throwable.class), message, cause);
            return Objects.equals(made.getMessage(), message) && made.toString() != null ? made : null;
        }
        catch (ReflectiveOperationException | LinkageError | RuntimeException e)
        {
            return null;
        }
    }

    private static Throwable construct(Class<?> type, Class<?>[] parameters, Object... arguments)
    {
        try
        {
            Constructor<?> constructor = type.getConstructor(parameters);
            return (Throwable)constructor.newInstance(arguments);
        }
        catch (ReflectiveOperationException e)
        {
            return null;
        }
    }

    private static ClassLoader loader()
    {
        ClassLoader ofThread = Thread.currentThread().getContextClassLoader();
        return ofThread != null ? ofThread : Rebuild.class.getClassLoader();
    }

    private static StackTraceElement[] frames(Object frames)
    {
        List<?> list = (List<?>)frames;
        StackTraceElement[] trace = new StackTraceElement[list.size()];
        for (int i = 0; i < trace.length; i++)
        {
            Object[] f = (Object[])list.get(i);
            trace[i] = new StackTraceElement((String)f[0], (String)f[1], (String)f[2], (Integer)f[3]);
        }
        return trace;
    }
}
