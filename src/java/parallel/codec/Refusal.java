package parallel.codec;

/** The writer of classes that cannot be sent. */
public class Refusal extends TypeWriter
{
    private final String reason;

    /**
     * A refusal.
     *
     * @param reason why not, and what to do instead; follows "A value of class X cannot be sent: ".
     */
    public Refusal(String reason)
    {
        this.reason = reason;
    }

    @Override
    public final void write(Encoder out, Object value)
    {
        throw UnserializableException.refused(value.getClass(), reason);
    }

    static String reason(Class<?> type)
    {
        if (type.isHidden() || type.isSynthetic())
        {
            return "functions carry no meaning in another process; send the data that they need, or a name.";
        }
        if (type == Class.class)
        {
            return "classes are not loaded by message; send the name.";
        }
        return "make it a record, a map or a list, or register a parallel.codec.Extension for its class in both " +
            "processes.";
    }

    /** Of a class that nothing is known about: it may still be the body of a worker. */
    static final class Unknown extends Refusal
    {
        Unknown(Class<?> type)
        {
            this(reason(type));
        }

        Unknown(String reason)
        {
            super(reason);
        }
    }
}
