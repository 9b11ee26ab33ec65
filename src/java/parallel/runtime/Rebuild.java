package parallel.runtime;

import java.lang.reflect.Constructor;
import java.util.List;
import java.util.Map;

/**
 * Rebuilds an exception of another process where its class loads here and has a constructor of (String, Throwable), (String)
 * or none; else a stand-in that names the class.
 */
final class Rebuild
{
    private Rebuild()
    {
    }

    /** An exception whose class does not load here or has no usual constructor. */
    static final class StandIn extends RuntimeException
    {
        private static final long serialVersionUID = 1L;

        StandIn(String className, String message, Throwable cause)
        {
            super(className + ": " + message, cause);
        }
    }

    static Throwable exception(Map<?, ?> error)
    {
        final Throwable cause = error.get("cause") instanceof Map<?, ?> c ? exception(c) : null;
        final String name = String.valueOf(error.get("class"));
        final String message = (String)error.get("message");
        Throwable rebuilt = error.get("data") == null ? null : Language.find().withData(message, error.get("data"), cause);
        if (rebuilt == null || !rebuilt.getClass().getName().equals(name))
        {
            final Throwable ofItsClass = construct(name, message, cause);
            rebuilt = ofItsClass != null ? ofItsClass : rebuilt != null ? rebuilt : new StandIn(name, message, cause);
        }
        rebuilt.setStackTrace(frames(error.get("frames")));
        return rebuilt;
    }

    private static Throwable construct(String name, String message, Throwable cause)
    {
        try
        {
            final Class<?> type = Class.forName(name, false, loader());
            if (!Throwable.class.isAssignableFrom(type))
            {
                return null;
            }
            final Throwable two = construct(type, new Class<?>[]{String.class, Throwable.class}, message, cause);
            final Throwable one = two != null ? two : construct(type, new Class<?>[]{String.class}, message);
            final Throwable object = one != null ? one : construct(type, new Class<?>[]{Object.class}, message);
            final Throwable built = object != null ? object : construct(type, new Class<?>[0]);
            if (built != null && cause != null && built.getCause() == null)
            {
                built.initCause(cause);
            }
            return built;
        }
        catch (final ReflectiveOperationException | LinkageError | RuntimeException e)
        {
            return null;
        }
    }

    private static Throwable construct(Class<?> type, Class<?>[] parameters, Object... arguments)
    {
        try
        {
            final Constructor<?> constructor = type.getConstructor(parameters);
            return (Throwable)constructor.newInstance(arguments);
        }
        catch (final ReflectiveOperationException e)
        {
            return null;
        }
    }

    private static ClassLoader loader()
    {
        final ClassLoader ofThread = Thread.currentThread().getContextClassLoader();
        return ofThread != null ? ofThread : Rebuild.class.getClassLoader();
    }

    private static StackTraceElement[] frames(Object frames)
    {
        final List<?> list = (List<?>)frames;
        final StackTraceElement[] trace = new StackTraceElement[list.size()];
        for (int i = 0; i < trace.length; i++)
        {
            final Object[] f = (Object[])list.get(i);
            trace[i] = new StackTraceElement((String)f[0], (String)f[1], (String)f[2], (Integer)f[3]);
        }
        return trace;
    }
}
