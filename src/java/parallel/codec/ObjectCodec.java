package parallel.codec;

import java.io.Externalizable;
import java.io.Serializable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;

import parallel.transport.Agrona;

/**
 * Objects of a user's serializable class, as bodies of workers: the class and the fields, no code of the object's own.
 *
 * <pre>
 *   OBJECT ref(class) n (ref(declaring class) name-string part)*n
 * </pre>
 */
final class ObjectCodec
{
    private static final List<String> HOOKS = List.of("writeObject", "readObject", "writeReplace", "readResolve");

    private ObjectCodec()
    {
    }

    static void write(Encoder out, Object object, Class<?> type)
    {
        List<Field> fields = fields(type);
        out.tag(Tags.OBJECT);
        Classes.write(out, type);
        out.count(fields.size());
        for (Field field : fields)
        {
            Classes.write(out, field.getDeclaringClass());
            out.string(field.getName());
            try
            {
                LambdaCodec.write(out, value(field, object), field.getType(), "a field");
            }
            catch (UnserializableException e)
            {
                throw e.at(field.getName());
            }
        }
    }

    private static Object value(Field field, Object object)
    {
        try
        {
            return field.get(object);
        }
        catch (IllegalAccessException e)
        {
            throw new IllegalStateException(e); // was made accessible
        }
    }

    /** The instance fields that are sent, the superclass' first. */
    private static List<Field> fields(Class<?> type)
    {
        if (Externalizable.class.isAssignableFrom(type))
        {
            throw hooked(type, "Externalizable");
        }
        List<Field> fields = new ArrayList<>();
        for (Class<?> c = type; Serializable.class.isAssignableFrom(c); c = c.getSuperclass())
        {
            checkHooks(type, c);
            fields.addAll(0, declared(type, c));
        }
        return fields;
    }

    private static void checkHooks(Class<?> type, Class<?> declaring)
    {
        for (Method method : declaring.getDeclaredMethods())
        {
            if (HOOKS.contains(method.getName()))
            {
                throw hooked(type, method.getName());
            }
        }
    }

    private static UnserializableException hooked(Class<?> type, String hook)
    {
        return UnserializableException.refused(type,
            "it has a serialization of its own (" + hook +
            "), which is not called here; send its data, or a parallel.codec.Extension.");
    }

    private static List<Field> declared(Class<?> type, Class<?> declaring)
    {
        List<Field> fields = new ArrayList<>();
        for (Field field : declaring.getDeclaredFields())
        {
            if (!Modifier.isStatic(field.getModifiers()) && !Modifier.isTransient(field.getModifiers()))
            {
                open(type, field);
                fields.add(field);
            }
        }
        return fields;
    }

    private static void open(Class<?> type, Field field)
    {
        try
        {
            Agrona.accessible(field);
        }
        catch (RuntimeException e)
        {
            throw UnserializableException.refused(type,
                "its module does not open the package to reflection; make it a record, a map or a list.");
        }
    }

    static Object read(Decoder in)
    {
        Class<?> type = Classes.read(in);
        if (!Serializable.class.isAssignableFrom(type))
        {
            throw in.malformed("the object of " + type.getName());
        }
        try
        {
            Object object = allocate(type);
            in.enter();
            for (int left = in.elements(); left > 0; left--)
            {
                Field field = Classes.read(in).getDeclaredField(in.string());
                Agrona.accessible(field);
                field.set(object, part(in, field));
            }
            in.leave();
            return object;
        }
        catch (ReflectiveOperationException | IllegalArgumentException e)
        {
            throw UnserializableException.unreadable(type.getName(), "The object of " + type.getTypeName() +
                " cannot be made here; is the class the same on both sides?", e);
        }
    }

    private static Object part(Decoder in, Field field)
    {
        try
        {
            return LambdaCodec.read(in);
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, field.getName());
        }
    }

    /** Without running a constructor of the class, as deserialization would. */
    private static Object allocate(Class<?> type) throws ReflectiveOperationException
    {
        Class<?> base = type;
        while (Serializable.class.isAssignableFrom(base))
        {
            base = base.getSuperclass();
        }
        return Allocation.make(type, base.getDeclaredConstructor());
    }
}
