package parallel.codec;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;

import parallel.transport.Agrona;

/** What it takes to take a Java record apart and to make one. */
final class RecordShape
{
    private static final ClassValue<RecordShape> SHAPES = new ClassValue<>()
    {
        @Override
        protected RecordShape computeValue(Class<?> type)
        {
            return new RecordShape(type);
        }
    };
    private static final MethodType GET = MethodType.methodType(Object.class, Object.class);
    private static final MethodType MAKE = MethodType.methodType(Object.class, Object[].class);

    final Class<?> type;
    /** Differs where the components differ: two versions of a class are not mixed up. */
    final int fingerprint;
    final String[] names;

    private final MethodHandle[] accessors;
    private final MethodHandle constructor;

    private RecordShape(Class<?> type)
    {
        this.type = type;
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        StringBuilder text = new StringBuilder();
        names = new String[components.length];
        accessors = new MethodHandle[components.length];
        for (int i = 0; i < components.length; i++)
        {
            names[i] = components[i].getName();
            types[i] = components[i].getType();
            accessors[i] = accessor(components[i].getAccessor());
            text.append(names[i]).append(' ').append(types[i].getName()).append('\n');
        }
        fingerprint = text.toString().hashCode();
        constructor = constructor(type, types);
    }

    /**
     * The shape of a record class.
     *
     * @throws UnserializableException if its module does not let us look inside.
     */
    static RecordShape of(Class<?> type)
    {
        try
        {
            return SHAPES.get(type);
        }
        catch (IllegalStateException e)
        {
            throw UnserializableException.refused(type, "its module does not open the package to reflection.");
        }
    }

    private static MethodHandle accessor(Method method)
    {
        try
        {
            Agrona.accessible(method);
            return MethodHandles.lookup().unreflect(method).asType(GET);
        }
        catch (ReflectiveOperationException | RuntimeException e)
        {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle constructor(Class<?> type, Class<?>[] parameters)
    {
        try
        {
            Constructor<?> canonical = type.getDeclaredConstructor(parameters);
            Agrona.accessible(canonical);
            return MethodHandles.lookup().unreflectConstructor(canonical)
                .asFixedArity().asSpreader(Object[].class, parameters.length).asType(MAKE);
        }
        catch (ReflectiveOperationException | RuntimeException e)
        {
            throw new IllegalStateException(e);
        }
    }

    Object get(Object record, int component) throws Throwable
    {
        return (Object)accessors[component].invokeExact(record);
    }

    Object make(Object[] components) throws Throwable
    {
        return (Object)constructor.invokeExact(components);
    }
}
