package parallel.clojure;

import java.util.Map;

import clojure.lang.IMeta;
import clojure.lang.IObj;
import clojure.lang.IPersistentMap;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.NotTransferableException;
import parallel.codec.Tags;

/** Metadata travels as far as it can: an entry that cannot is taken back, and the value goes without it. */
final class ClojureTypesMeta
{
    private ClojureTypesMeta()
    {
    }

    /** Writes the metadata of a value, if it has any, before the value. */
    static void writeOf(Encoder out, Object value)
    {
        final IPersistentMap meta = value instanceof IObj ? ((IMeta)value).meta() : null;
        if (meta != null)
        {
            write(out, meta);
        }
    }

    static void write(Encoder out, IPersistentMap meta)
    {
        final Encoder.Place start = out.place();
        out.tag(ClojureTypesTags.META);
        out.enter(meta);
        boolean any = false;
        for (final Object entry : meta)
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
        final Encoder.Place before = out.place();
        try
        {
            out.value(entry.getKey());
            out.value(entry.getValue());
            return true;
        }
        catch (final NotTransferableException e)
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
        final ClojureTypesElements pairs = new ClojureTypesElements(8);
        in.enter();
        while (in.hasMore())
        {
            pairs.add(in.value());
            pairs.add(in.value());
        }
        in.leave();
        return pairs.count() == 0 ? null : ClojureTypesMaps.map(pairs.toArray());
    }
}
