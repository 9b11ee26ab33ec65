package parallel.clojure;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;

import clojure.lang.Counted;
import clojure.lang.IPersistentVector;
import clojure.lang.Keyword;
import clojure.lang.Symbol;
import parallel.codec.UnserializableException;

/** What it takes to make a record of one class. Goes with the class: a definition evaluated again is another one. */
final class ClojureTypesShape
{
    private static final ClassValue<ClojureTypesShape> SHAPES = new ClassValue<>()
    {
        @Override
        protected ClojureTypesShape computeValue(Class<?> type)
        {
            try
            {
                return new ClojureTypesShape(type);
            }
            catch (ReflectiveOperationException e)
            {
                throw UnserializableException.unreadable(type.getName(),
                    "The class " + type.getName() + " is not a record as defrecord makes them: " + e, e);
            }
        }
    };
    private static final MethodType MAKE = MethodType.methodType(Object.class, Object[].class);

    private final Class<?> type;
    private final IPersistentVector basis;
    private final int fields;
    private final int fingerprint;
    private final MethodHandle constructor;

    private ClojureTypesShape(Class<?> type) throws ReflectiveOperationException
    {
        this.type = type;
        basis = (IPersistentVector)type.getMethod("getBasis").invoke(null);
        fields = ((Counted)basis).count();
        StringBuilder names = new StringBuilder();
        for (int i = 0; i < fields; i++)
        {
            names.append(basis.nth(i)).append('\n');
        }
        fingerprint = names.toString().hashCode();
        constructor = MethodHandles.publicLookup().unreflectConstructor(constructor(type, fields + 2))
            .asSpreader(Object[].class, fields + 2).asType(MAKE);
    }

    static ClojureTypesShape of(Class<?> type)
    {
        return SHAPES.get(type);
    }

    /** Of the three that defrecord writes, the one that takes the fields, metadata and added entries. */
    private static Constructor<?> constructor(Class<?> type, int parameters) throws NoSuchMethodException
    {
        for (Constructor<?> constructor : type.getConstructors())
        {
            if (constructor.getParameterCount() == parameters)
            {
                return constructor;
            }
        }
        throw new NoSuchMethodException("constructor of " + parameters + " parameters");
    }

    Class<?> type()
    {
        return type;
    }

    int fields()
    {
        return fields;
    }

    Keyword field(int i)
    {
        return Keyword.intern((Symbol)basis.nth(i));
    }

    int fingerprint()
    {
        return fingerprint;
    }

    Object make(Object[] arguments)
    {
        try
        {
            return (Object)constructor.invokeExact(arguments);
        }
        catch (RuntimeException | Error e)
        {
            throw e;
        }
        catch (Throwable e)
        {
            throw new IllegalStateException(e);
        }
    }
}
