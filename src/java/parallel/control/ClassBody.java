package parallel.control;

import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.concurrent.Callable;

import parallel.codec.Codec;

/**
 * A worker's body that is a class: an instance made by the public constructor that fits the arguments, called or run.
 *
 * @param className of the class.
 * @param arguments for the constructor.
 */
public record ClassBody(String className, Object[] arguments)
{
    public byte[] encode()
    {
        return Codec.toBytes(new Object[]{className, arguments});
    }

    public static ClassBody decode(byte[] payload)
    {
        Object[] parts = (Object[])Codec.fromBytes(payload);
        return new ClassBody((String)parts[0], (Object[])parts[1]);
    }

    /** Refuses at the caller what the worker could not make. */
    public static ClassBody checked(Class<?> body, Object... arguments)
    {
        if (body == null || arguments == null)
        {
            throw Errors.badArgument("A worker's body is a class and the arguments of its constructor, not null.");
        }
        if (!Callable.class.isAssignableFrom(body) && !Runnable.class.isAssignableFrom(body))
        {
            throw Errors.badArgument("A worker's body is a Callable or a Runnable; " + body.getName() + " is neither.");
        }
        if (!Modifier.isPublic(body.getModifiers()) || Modifier.isAbstract(body.getModifiers()) ||
            constructor(body, arguments) == null)
        {
            throw Errors.badArgument(body.getName() + " has no public constructor that fits the arguments " +
                Arrays.stream(arguments).map(a -> a == null ? "null" : a.getClass().getTypeName()).toList() +
                " (the class itself must be public, too); it has " + Arrays.toString(body.getConstructors()) + ".");
        }
        return new ClassBody(body.getName(), arguments);
    }

    private static Constructor<?> constructor(Class<?> body, Object[] arguments)
    {
        for (Constructor<?> constructor : body.getConstructors())
        {
            if (fits(constructor.getParameterTypes(), arguments))
            {
                return constructor;
            }
        }
        return null;
    }

    private static boolean fits(Class<?>[] types, Object[] arguments)
    {
        boolean fits = types.length == arguments.length;
        for (int i = 0; fits && i < types.length; i++)
        {
            fits = arguments[i] == null ? !types[i].isPrimitive() : boxed(types[i]).isInstance(arguments[i]);
        }
        return fits;
    }

    private static Class<?> boxed(Class<?> type)
    {
        return type.isPrimitive() ? MethodType.methodType(type).wrap().returnType() : type;
    }

    public Object call() throws Throwable
    {
        Class<?> body = Class.forName(className, true, Thread.currentThread().getContextClassLoader());
        Constructor<?> constructor = constructor(body, arguments);
        if (constructor == null)
        {
            throw new NoSuchMethodException(className + " has no public constructor for " + Arrays.toString(arguments));
        }
        Object instance;
        try
        {
            instance = constructor.newInstance(arguments);
        }
        catch (InvocationTargetException e)
        {
            throw e.getCause();
        }
        if (instance instanceof Callable<?> callable)
        {
            return callable.call();
        }
        ((Runnable)instance).run();
        return null;
    }
}
