package parallel.codec;

import java.lang.reflect.Constructor;

import parallel.transport.Agrona;

/**
 * Objects that are made as deserialization makes them: by a constructor of a superclass, and none of their own class.
 */
public final class Allocation
{
    private Allocation()
    {
    }

    /**
     * Makes an object whose own class' fields are empty. Reflective, as the compiler hides the class that does it.
     *
     * @param type      the class.
     * @param base      a constructor of one of its superclasses.
     * @param arguments of that constructor.
     * @return the object.
     * @throws ReflectiveOperationException where this JVM cannot (it needs the module jdk.unsupported), or the
     *     constructor throws.
     */
    public static Object make(
        Class<?> type, Constructor<?> base, Object... arguments) throws ReflectiveOperationException
    {
        Class<?> factory = Class.forName("sun.reflect.ReflectionFactory");
        Object instance = factory.getMethod("getReflectionFactory").invoke(null);
        Constructor<?> constructor = (Constructor<?>)factory
            .getMethod("newConstructorForSerialization", Class.class, Constructor.class)
            .invoke(instance, type, base);
        Agrona.accessible(constructor);
        return constructor.newInstance(arguments);
    }
}
