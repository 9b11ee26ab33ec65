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
     * @throws NotTransferableException if the value or something in it cannot travel.
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
}
