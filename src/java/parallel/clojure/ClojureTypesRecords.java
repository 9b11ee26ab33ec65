package parallel.clojure;

import java.util.Iterator;
import java.util.Map;

import clojure.lang.IPersistentMap;
import clojure.lang.IRecord;
import clojure.lang.PersistentArrayMap;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.NotTransferableException;
import parallel.codec.TypeWriter;

/** Records: the class, the fields in their order, then the entries that were added. */
final class ClojureTypesRecords extends TypeWriter
{
    static final TypeWriter WRITER = new ClojureTypesRecords();

    private ClojureTypesRecords()
    {
    }

    /** A record iterates over its fields in order, then over what was added. */
    @Override
    public void write(Encoder out, Object value)
    {
        final ClojureTypesShape shape = ClojureTypesShape.of(value.getClass());
        final IPersistentMap record = (IPersistentMap)value;
        ClojureTypesMeta.writeOf(out, record);
        out.enter(record);
        out.tag(ClojureTypesTags.RECORD);
        if (!out.reference(shape))
        {
            out.string(shape.type().getName());
            out.i32(shape.fingerprint());
        }
        final Iterator<?> entries = record.iterator();
        for (int i = 0; i < shape.fields(); i++)
        {
            writeField(out, (Map.Entry<?, ?>)entries.next());
        }
        out.count(record.count() - shape.fields());
        ClojureTypesMaps.writePairs(out, entries);
        out.leave();
    }

    private static void writeField(Encoder out, Map.Entry<?, ?> field)
    {
        try
        {
            out.value(field.getValue());
        }
        catch (final NotTransferableException e)
        {
            throw e.at(field.getKey());
        }
    }

    static Object read(Decoder in)
    {
        final ClojureTypesShape shape = shape(in);
        final Object[] arguments = new Object[shape.fields() + 2];
        in.enter();
        for (int i = 0; i < shape.fields(); i++)
        {
            arguments[i] = in.value();
        }
        arguments[shape.fields() + 1] = added(in);
        in.leave();
        return shape.make(arguments);
    }

    private static IPersistentMap added(Decoder in)
    {
        IPersistentMap added = null;
        for (int left = in.elements(); left > 0; left--)
        {
            final Object key = in.value();
            added = (added == null ? PersistentArrayMap.EMPTY : added).assoc(key, in.value());
        }
        return added;
    }

    private static ClojureTypesShape shape(Decoder in)
    {
        final Object known = in.reference();
        if (known != null)
        {
            return (ClojureTypesShape)known;
        }
        final String name = in.string();
        final int fingerprint = in.i32();
        final Class<?> type = ClojureTypesLoading.find(name);
        if (type == null)
        {
            throw NotTransferableException.unreadable(name, "The message has a record of class " + name +
                ", which is not known in this process, nor is a namespace on the class path that would define it.", null);
        }
        if (!IRecord.class.isAssignableFrom(type))
        {
            throw in.malformed("the record " + name);
        }
        final ClojureTypesShape shape = ClojureTypesShape.of(type);
        if (shape.fingerprint() != fingerprint)
        {
            throw NotTransferableException.unreadable(name, "The record " + name +
                " has other fields in this process than where the message comes from: load the same definition on both sides.", null);
        }
        in.define(shape);
        return shape;
    }
}
