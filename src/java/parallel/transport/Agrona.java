package parallel.transport;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;

/**
 * Makes Agrona usable in a JVM that was started without its flag.
 * <p>
 * Agrona 2.x needs {@code jdk.internal.misc} exported to the unnamed module. A worker gets the flag on its command line;
 * a prompt has none, so the package is opened here, before any class of Agrona is touched.
 */
public final class Agrona
{
    private static final String PACKAGE = "jdk.internal.misc";
    private static final String FLAG = "--add-exports java.base/jdk.internal.misc=ALL-UNNAMED";
    private static final int TRUSTED = -1;

    private Agrona()
    {
    }

    /**
     * Opens what Agrona needs. Idempotent, never blocks, prints nothing. Safe from any thread.
     *
     * @throws IllegalStateException when this JVM does not let us; the sentence names the flag to start it with.
     */
    public static void open()
    {
        final Module base = Object.class.getModule();
        if (base.isExported(PACKAGE, Agrona.class.getModule()))
        {
            return;
        }
        try
        {
            final MethodHandle export = trustedLookup().findVirtual(
                Module.class, "implAddExportsToAllUnnamed", MethodType.methodType(void.class, String.class));
            export.invoke(base, PACKAGE);
        }
        catch (final Throwable e)
        {
            throw new IllegalStateException("Agrona cannot work in this JVM: start it with " + FLAG, e);
        }
    }

    /**
     * A lookup that may look at everything. jdk.unsupported lets a serialization library run any constructor: here the private
     * one of Lookup that makes a lookup trusted. Reached by reflection, as a direct use does not compile with --release and -Werror.
     *
     * @return the lookup.
     * @throws ReflectiveOperationException when this JVM does not let us.
     */
    public static MethodHandles.Lookup trustedLookup() throws ReflectiveOperationException
    {
        final Class<?> factoryClass = Class.forName("sun.reflect.ReflectionFactory");
        final Object factory = factoryClass.getMethod("getReflectionFactory").invoke(null);
        final Method maker = factoryClass.getMethod("newConstructorForSerialization", Class.class, Constructor.class);
        final Constructor<?> constructor =
            MethodHandles.Lookup.class.getDeclaredConstructor(Class.class, Class.class, int.class);
        final Constructor<?> opened = (Constructor<?>)maker.invoke(factory, MethodHandles.Lookup.class, constructor);
        return (MethodHandles.Lookup)opened.newInstance(Object.class, null, TRUSTED);
    }
}
