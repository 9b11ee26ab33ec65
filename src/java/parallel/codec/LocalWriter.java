package parallel.codec;

/** Writes values of a {@link LocalExtension}, where the bytes stay on this machine. */
final class LocalWriter extends TypeWriter
{
    private final LocalExtension<?> extension;
    private final TypeWriter wrapped;

    LocalWriter(LocalExtension<?> extension)
    {
        this.extension = extension;
        this.wrapped = new Wrapped(extension);
    }

    @Override
    public void write(Encoder out, Object value)
    {
        String reason = out.destination() == Destination.HERE ? null : reason(extension, value);
        if (reason != null)
        {
            throw UnserializableException.refused(value.getClass(), reason);
        }
        wrapped.write(out, value);
    }

    private static <T> String reason(LocalExtension<T> extension, Object value)
    {
        return extension.notElsewhere(extension.type().cast(value));
    }

    @Override
    public Class<?> arrivesAs(Class<?> type)
    {
        return wrapped.arrivesAs(type);
    }
}
