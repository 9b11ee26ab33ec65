package parallel.codec;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values that travel as another value: replaced ones, those of extensions, and throwables where there is no module. */
final class Wrapped extends TypeWriter
{
    static final TypeWriter REPLACED = new Wrapped(null);
    static final TypeWriter THROWABLE = new Wrapped(null);

    private final Extension<?> extension;

    Wrapped(Extension<?> extension)
    {
        this.extension = extension;
    }

    @Override
    public void write(Encoder out, Object value)
    {
        out.enter(value);
        if (this == REPLACED)
        {
            out.value(((Replaced)value).replacement());
        }
        else if (this == THROWABLE)
        {
            out.value(describe((Throwable)value));
        }
        else
        {
            out.tag(Tags.EXTENSION);
            out.string(extension.name());
            out.value(written(extension, value));
        }
        out.leave();
    }

    private static <T> Object written(Extension<T> extension, Object value)
    {
        return extension.write(extension.type().cast(value));
    }

    @Override
    public Class<?> arrivesAs(Class<?> type)
    {
        return this == REPLACED ? Object.class : this == THROWABLE ? Map.class : type;
    }

    static Object readExtension(Decoder in)
    {
        final String name = in.string();
        in.enter();
        final Object written = in.value();
        in.leave();
        final Extension<?> extension = Extensions.named(name);
        if (extension == null)
        {
            throw NotTransferableException.unreadable(null, "The message has a value of the extension \"" + name +
                "\", which is not known in this process: list its class in META-INF/services/parallel.codec.Extension, " +
                "or register it here too.", null);
        }
        return extension.read(written);
    }

    /** What Clojure's Throwable->map would say, with strings for names. Causes that go in a circle end as too deep. */
    private static Map<String, Object> describe(Throwable t)
    {
        final List<String> trace = new ArrayList<>();
        for (final StackTraceElement frame : t.getStackTrace())
        {
            trace.add(frame.toString());
        }
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("class", t.getClass().getName());
        map.put("message", t.getMessage());
        map.put("trace", trace);
        map.put("cause", t.getCause());
        return map;
    }
}
