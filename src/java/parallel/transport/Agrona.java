package parallel.transport;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.Member;
import java.lang.reflect.Method;

import org.agrona.UnsafeApi;

/**
 * Makes Agrona usable in a JVM that was started without its flag.
 * <p>
 * Agrona 2.x needs {@code jdk.internal.misc} exported to the unnamed module. A worker gets the flag on its command
 * line; a prompt has none, so the package is opened here, before any class of Agrona is touched.
 */
public final class Agrona
{
    private static final String PACKAGE = "jdk.internal.misc";
    private static final String FLAG = "--add-exports java.base/jdk.internal.misc=";
    private static final String UNSUPPORTED = "jdk.unsupported";
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
        Module base = Object.class.getModule();
        Module agrona = UnsafeApi.class.getModule();      // of a class that is not initialized by this
        if (base.isExported(PACKAGE, agrona))
        {
            return;
        }
        try
        {
            MethodHandle export = trustedLookup().findVirtual(
                Module.class, "implAddExports", MethodType.methodType(void.class, String.class, Module.class));
            export.invoke(base, PACKAGE, agrona);
        }
        catch (Throwable e)
        {
            throw new IllegalStateException("Agrona cannot work in this JVM: start it with " + remedy(agrona), e);
        }
    }

    /**
     * Makes a private member of a user's class accessible, also of a module that does not open its package: a modular
     * program would need {@code opens} for each package whose lambdas and records are sent. Members of the JDK's own
     * classes stay closed.
     *
     * @param member of a class.
     * @param <M>    field, method or constructor.
     * @return the member.
     * @throws RuntimeException when it cannot be made accessible.
     */
    public static <M extends AccessibleObject & Member> M accessible(M member)
    {
        Class<?> owner = member.getDeclaringClass();
        Module module = owner.getModule();
        ClassLoader loader = owner.getClassLoader();
        if (module.isNamed() && loader != null && loader != ClassLoader.getPlatformClassLoader() &&
            !module.isOpen(owner.getPackageName(), Agrona.class.getModule()))
        {
            openPackage(module, owner.getPackageName());
        }
        member.setAccessible(true);
        return member;
    }

    private static void openPackage(Module module, String name)
    {
        try
        {
            trustedLookup().findVirtual(Module.class, "implAddOpens",
                MethodType.methodType(void.class, String.class, Module.class))
                .invoke(module, name, Agrona.class.getModule());
        }
        catch (Throwable e)
        {
            throw new IllegalStateException("Package " + name + " of module " + module.getName() +
                " cannot be opened: add opens " + name +
                " to parallel; to its module-info", e);
        }
    }

    private static String remedy(Module agrona)
    {
        return agrona.isNamed() && ModuleLayer.boot().findModule(UNSUPPORTED).isEmpty() ?
            "--add-modules " + UNSUPPORTED + ", or let your module-info require that module" :
            FLAG + (agrona.isNamed() ? agrona.getName() : "ALL-UNNAMED");
    }

    /**
     * A lookup that may look at everything. jdk.unsupported lets a serialization library run any constructor: here the
     * private one of Lookup that makes a lookup trusted. Reached by reflection, as a direct use does not compile with
     * --release and -Werror.
     *
     * @return the lookup.
     * @throws ReflectiveOperationException when this JVM does not let us.
     */
    public static MethodHandles.Lookup trustedLookup() throws ReflectiveOperationException
    {
        Class<?> factoryClass = Class.forName("sun.reflect.ReflectionFactory");
        Object factory = factoryClass.getMethod("getReflectionFactory").invoke(null);
        Method maker = factoryClass.getMethod("newConstructorForSerialization", Class.class, Constructor.class);
        Constructor<?> constructor =
            MethodHandles.Lookup.class.getDeclaredConstructor(Class.class, Class.class, int.class);
        Constructor<?> opened = (Constructor<?>)maker.invoke(factory, MethodHandles.Lookup.class, constructor);
        return (MethodHandles.Lookup)opened.newInstance(Object.class, null, TRUSTED);
    }
}
