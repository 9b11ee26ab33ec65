package parallel.codec;

import java.lang.reflect.Array;

/** Arrays of references, of any component type. */
final class ObjectArrays extends TypeWriter
{
    private static final int FIRST_LENGTH = 1024;

    private final Class<?> component;

    ObjectArrays(Class<?> component)
    {
        this.component = component;
    }

    @Override
    public void write(Encoder out, Object value)
    {
        Object[] array = (Object[])value;
        out.enter(value);
        if (component == Object.class)
        {
            out.tag(Tags.OBJECTS);
        }
        else
        {
            out.tag(Tags.TYPED);
            Classes.write(out, component);
        }
        out.count(array.length);
        for (int i = 0; i < array.length; i++)
        {
            element(out, array[i], i);
        }
        out.leave();
    }

    private void element(Encoder out, Object element, int i)
    {
        try
        {
            if (element != null && component != Object.class)
            {
                check(element.getClass());
            }
            out.value(element);
        }
        catch (UnserializableException e)
        {
            throw e.at((long)i);
        }
    }

    /** Some values arrive as another class; the array must be able to hold that too. */
    private void check(Class<?> type)
    {
        Class<?> arrives = Writers.of(type).arrivesAs(type);
        if (arrives != type && !component.isAssignableFrom(arrives))
        {
            throw UnserializableException.refused(type, "it arrives as a " + arrives.getTypeName() +
                ", which an array of " +
                component.getTypeName() + " cannot hold; send an array of Object, or a list.");
        }
    }

    static Object readTyped(Decoder in)
    {
        return read(in, Classes.read(in));
    }

    static Object read(Decoder in, Class<?> component)
    {
        int count = (int)in.checked(in.count());
        in.enter();
        Object[] array = newArray(component, Math.min(count, FIRST_LENGTH));
        int i = 0;
        try
        {
            for (; i < count; i++)
            {
                if (i == array.length)
                {
                    Object[] longer = newArray(component, (int)Math.min(count, 2L * i));
                    System.arraycopy(array, 0, longer, 0, i);
                    array = longer;
                }
                array[i] = in.value();
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, (long)i);
        }
        in.leave();
        return array;
    }

    private static Object[] newArray(Class<?> component, int length)
    {
        return (Object[])Array.newInstance(component, length);
    }
}
