package parallel.codec;

/** Class names in messages. What a name from a message may load is never initialised by it. */
final class Classes
{
    private Classes()
    {
    }

    static void write(Encoder out, Class<?> type)
    {
        if (!out.reference(type))
        {
            out.string(type.getName());
        }
    }

    static Class<?> read(Decoder in)
    {
        Object known = in.reference();
        if (known != null)
        {
            return (Class<?>)known;
        }
        Class<?> type = load(in.loader(), in.string());
        in.define(type);
        return type;
    }

    static Class<?> load(ClassLoader given, String name)
    {
        ClassLoader own = Classes.class.getClassLoader();
        ClassLoader context = given != null ? given : Thread.currentThread().getContextClassLoader();
        Class<?> type = context == null ? null : tryLoad(context, name);
        if (type == null)
        {
            type = tryLoad(own, name);
        }
        if (type == null && Modules.isPresent())
        {
            type = Modules.module().find(name);
        }
        if (type == null)
        {
            throw UnserializableException.unreadable(name,
                "The message has a value of class " + name + ", which is not on the class path of this process.", null);
        }
        return type;
    }

    private static Class<?> tryLoad(ClassLoader loader, String name)
    {
        try
        {
            return Class.forName(name, false, loader);
        }
        catch (ClassNotFoundException e)
        {
            return null;
        }
    }
}
