package parallel.clojure;

import java.util.Iterator;
import java.util.Map;

import clojure.lang.IPersistentMap;
import clojure.lang.IRecord;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.TypeWriter;
import parallel.codec.UnserializableException;

/**
 * Records: the class, how it was defined if that was at a prompt, the fields in their order, then the entries that were
 * added.
 */
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
        ClojureTypesShape shape = ClojureTypesShape.of(value.getClass());
        IPersistentMap record = (IPersistentMap)value;
        ClojureTypesMeta.writeOf(out, record);
        out.enter(record);
        out.tag(ClojureTypesTags.RECORD);
        if (!out.reference(shape))
        {
            out.string(shape.type().getName());
            out.i32(shape.fingerprint());
            out.counted(ClojureTypesDefinitions.of(shape.type()));
        }
        Iterator<?> entries = record.iterator();
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
        catch (UnserializableException e)
        {
            throw e.at(field.getKey());
        }
    }

    static Object read(Decoder in)
    {
        ClojureTypesShape shape = shape(in);
        Object[] arguments = new Object[shape.fields() + 2];
        in.enter();
        int i = 0;
        try
        {
            for (; i < shape.fields(); i++)
            {
                arguments[i] = in.value();
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, shape.field(i));
        }
        arguments[shape.fields() + 1] = added(in);
        in.leave();
        return shape.make(arguments);
    }

    private static IPersistentMap added(Decoder in)
    {
        int pairs = in.elements();
        return pairs == 0 ? null : ClojureTypesMaps.map(ClojureTypesElements.readPairs(in, pairs));
    }

    private static ClojureTypesShape shape(Decoder in)
    {
        Object known = in.reference();
        if (known != null)
        {
            return (ClojureTypesShape)known;
        }
        String name = in.string();
        int fingerprint = in.i32();
        ClojureTypesDefinitions.arrived(name, in.counted());
        Class<?> type = ClojureTypesLoading.find(name);
        if (type == null)
        {
            throw UnserializableException.unreadable(name, "The message has a record of class " + name +
                ", which is not known in this process, nor is a namespace on the class path that would define it.",
                null);
        }
        if (!IRecord.class.isAssignableFrom(type))
        {
            throw in.malformed("the record " + name);
        }
        ClojureTypesShape shape = ClojureTypesShape.of(type);
        if (shape.fingerprint() != fingerprint)
        {
            throw UnserializableException.unreadable(name, "The record " + name +
                " has other fields in this process than where the message comes from: load the same definition on " +
                "both sides.", null);
        }
        in.define(shape);
        return shape;
    }
}
