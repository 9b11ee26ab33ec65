package parallel.codec;

/**
 * Writes values of a class: a tag, then what {@link Decoder} or a module reads behind that tag. Stateless.
 */
public abstract class TypeWriter
{
    /**
     * Writes one value.
     *
     * @param out   where to.
     * @param value not null, of a class this writer was chosen for.
     * @throws UnserializableException if the value or something in it cannot be sent.
     */
    public abstract void write(Encoder out, Object value);

    /**
     * The class that a value has when it is read.
     *
     * @param type the class it has here.
     * @return the same class if values keep it, else a class or interface that is certain.
     */
    public Class<?> arrivesAs(Class<?> type)
    {
        return type;
    }

    /** Refuses a value that arrives as another class than one can hold that is to hold it. */
    final void checkArrival(Class<?> type, Class<?> holder, String what)
    {
        Class<?> arrives = arrivesAs(type);
        if (arrives != type && arrives != Object.class && !holder.isAssignableFrom(arrives))
        {
            throw UnserializableException.refused(type, "it arrives as a " + arrives.getTypeName() + ", which " +
                what + " of type " +
                holder.getTypeName() + " cannot hold.");
        }
    }
}
