package parallel.clojure;

import java.util.Map;

import clojure.lang.IMeta;
import clojure.lang.IObj;
import clojure.lang.IPersistentMap;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.Tags;
import parallel.codec.UnserializableException;

/** Metadata is sent as far as it can be: an entry that cannot is taken back, and the value goes without it. */
final class ClojureTypesMeta
{
    private ClojureTypesMeta()
    {
    }

    /** Writes the metadata of a value, if it has any, before the value. */
    static void writeOf(Encoder out, Object value)
    {
        IPersistentMap meta = value instanceof IObj ? ((IMeta)value).meta() : null;
        if (meta != null)
        {
            write(out, meta);
        }
    }

    static void write(Encoder out, IPersistentMap meta)
    {
        Encoder.Place start = out.place();
        out.tag(ClojureTypesTags.META);
        out.enter(meta);
        boolean any = false;
        for (Object entry : meta)
        {
            any |= isWritten(out, (Map.Entry<?, ?>)entry);
        }
        if (any)
        {
            out.tag(Tags.END);
            out.leave();
        }
        else
        {
            out.backTo(start);
        }
    }

    /** Too deep is no reason to leave an entry out: in a value that contains itself each level would be tried again. */
    private static boolean isWritten(Encoder out, Map.Entry<?, ?> entry)
    {
        Encoder.Place before = out.place();
        try
        {
            out.value(entry.getKey());
            out.value(entry.getValue());
            return true;
        }
        catch (UnserializableException e)
        {
            if (e.isTooDeep())
            {
                throw e;
            }
            out.backTo(before);
            return false;
        }
    }

    static IPersistentMap read(Decoder in)
    {
        ClojureTypesElements pairs = new ClojureTypesElements(8);
        in.enter();
        try
        {
            while (in.hasMore())
            {
                pairs.add(in.value());
                pairs.add(in.value());
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, "metadata");
        }
        in.leave();
        return pairs.count() == 0 ? null : ClojureTypesMaps.map(pairs.toArray());
    }
}
