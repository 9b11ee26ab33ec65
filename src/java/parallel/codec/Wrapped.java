package parallel.codec;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values that are sent as another value: replaced ones, those of extensions, throwables where there is no module. */
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
            out.value(describe((Throwable)value, new Throwables()));
        }
        else
        {
            out.tag(Tags.EXTENSION);
            out.string(extension.name());
            out.value(out.destination() == Destination.HERE ? written(extension, value) :
                out.destination().of(() -> written(extension, value)));
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
        String name = in.string();
        in.enter();
        Object written = in.value();
        in.leave();
        Extension<?> extension = Extensions.named(name);
        if (extension == null)
        {
            throw UnserializableException.unreadable(null, "The message has a value of the extension \"" + name +
                "\", which is not known in this process: list its class in " +
                "META-INF/services/parallel.codec.Extension, " +
                "or register it here too.", null);
        }
        return extension.read(written);
    }

    /** As Clojure's Throwable->map, with strings for names. Each throwable appears once, where it is met first. */
    private static Map<String, Object> describe(Throwable t, Throwables read)
    {
        Map<String, Object> map = null;
        List<Throwable> chain = read.chain(t);
        for (int i = chain.size() - 1; i >= 0; i--)
        {
            map = describe(chain.get(i), map, read);
        }
        return map;
    }

    private static Map<String, Object> describe(Throwable t, Map<String, Object> cause, Throwables read)
    {
        List<String> trace = new ArrayList<>();
        for (StackTraceElement frame : Throwables.frames(t))
        {
            trace.add(frame.toString());
        }
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("class", t.getClass().getName());
        map.put("message", Throwables.message(t));
        map.put("trace", trace);
        map.put("cause", cause);
        List<Object> suppressed = new ArrayList<>();
        for (Throwable other : t.getSuppressed())
        {
            Map<String, Object> described = describe(other, read);
            if (described != null)
            {
                suppressed.add(described);
            }
        }
        if (!suppressed.isEmpty())
        {
            map.put("suppressed", suppressed);
        }
        return map;
    }
}
