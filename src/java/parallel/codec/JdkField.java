package parallel.codec;

import java.lang.invoke.MethodHandle;
import java.lang.reflect.Field;

import parallel.transport.Agrona;

/**
 * A private field of a class of the JDK, to be read. Safe from any thread.
 */
public final class JdkField
{
    private final Class<?> owner;
    private final MethodHandle getter;

    private JdkField(Class<?> owner, MethodHandle getter)
    {
        this.owner = owner;
        this.getter = getter;
    }

    /**
     * Looks a field up.
     *
     * @param className of the class that has it.
     * @param fieldName of the field.
     * @return it, or null where this JDK has none of that name or does not let us.
     */
    public static JdkField of(String className, String fieldName)
    {
        try
        {
            Class<?> owner = Class.forName(className);
            Field field = owner.getDeclaredField(fieldName);
            return new JdkField(owner, Agrona.trustedLookup().unreflectGetter(field));
        }
        catch (ReflectiveOperationException | RuntimeException e)
        {
            return null;
        }
    }

    /**
     * Reads it.
     *
     * @param object any.
     * @return its value; null of an object of another class.
     */
    public Object of(Object object)
    {
        try
        {
            return owner.isInstance(object) ? getter.invoke(object) : null;
        }
        catch (Throwable e)
        {
            throw new IllegalStateException(owner.getName() + " cannot be read", e);
        }
    }
}
