package parallel.codec;

/** Java records: the class, then the components in their order. */
final class RecordWriter extends TypeWriter
{
    private final Class<?> type;

    RecordWriter(Class<?> type)
    {
        this.type = type;
    }

    @Override
    public void write(Encoder out, Object record)
    {
        RecordShape shape = RecordShape.of(type);
        out.enter(record);
        out.tag(Tags.RECORD);
        if (!out.reference(shape))
        {
            out.string(type.getName());
            out.i32(shape.fingerprint);
        }
        for (int i = 0; i < shape.names.length; i++)
        {
            component(out, shape, record, i);
        }
        out.leave();
    }

    private static void component(Encoder out, RecordShape shape, Object record, int i)
    {
        Object value;
        try
        {
            value = shape.get(record, i);
        }
        catch (Throwable e)
        {
            throw Failures.unchecked(e);
        }
        try
        {
            out.value(value);
        }
        catch (UnserializableException e)
        {
            throw e.at(shape.names[i]);
        }
    }

    static Object read(Decoder in)
    {
        RecordShape shape = shape(in);
        Object[] components = new Object[shape.names.length];
        in.enter();
        int i = 0;
        try
        {
            for (; i < components.length; i++)
            {
                components[i] = in.value();
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, shape.names[i]);
        }
        in.leave();
        try
        {
            return shape.make(components);
        }
        catch (Throwable e)
        {
            throw Failures.unreadable(shape.type.getName(), "A record of class " + shape.type.getTypeName() +
                " cannot be made here: ", e);
        }
    }

    private static RecordShape shape(Decoder in)
    {
        Object known = in.reference();
        if (known != null)
        {
            return (RecordShape)known;
        }
        String name = in.string();
        int fingerprint = in.i32();
        Class<?> type = Classes.load(in.loader(), name);
        if (!type.isRecord())
        {
            throw in.malformed("the record " + name);
        }
        RecordShape shape = RecordShape.of(type);
        if (shape.fingerprint != fingerprint)
        {
            throw UnserializableException.unreadable(name,
                "The record class " + name +
                " has other components in this process than where the message comes from: put the same version on " +
                    "both sides.", null);
        }
        in.define(shape);
        return shape;
    }
}
