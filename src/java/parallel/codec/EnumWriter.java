package parallel.codec;

/** Enum constants, by class and name. */
final class EnumWriter extends TypeWriter
{
    static final TypeWriter ENUM = new EnumWriter();

    private EnumWriter()
    {
    }

    @Override
    public void write(Encoder out, Object value)
    {
        Enum<?> constant = (Enum<?>)value;
        out.tag(Tags.ENUM);
        Classes.write(out, constant.getDeclaringClass());
        out.string(constant.name());
    }

    @Override
    public Class<?> arrivesAs(Class<?> type)
    {
        return type;
    }

    static Object read(Decoder in)
    {
        Class<?> type = Classes.read(in);
        String name = in.string();
        if (!type.isEnum())
        {
            throw in.malformed("the enum " + type.getName());
        }
        return constant(type, name);
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // the type variable of a class known at run time only
    private static Object constant(Class<?> type, String name)
    {
        try
        {
            return Enum.valueOf((Class)type, name);
        }
        catch (IllegalArgumentException e)
        {
            throw UnserializableException.unreadable(type.getName(),
                "The enum " + type.getTypeName() + " has no constant " + name + " in this process: put the same " +
                    "version on both sides.", e);
        }
    }
}
