package parallel.codec;

import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The JDK's collections, all open-ended on the wire: one that is changed by another thread while it is written is still
 * well-formed.
 */
final class JdkCollections extends TypeWriter
{
    static final TypeWriter LIST = new JdkCollections(Tags.LIST, ArrayList.class);
    static final TypeWriter SET = new JdkCollections(Tags.SET, LinkedHashSet.class);
    static final TypeWriter MAP = new JdkCollections(Tags.MAP, LinkedHashMap.class);
    static final TypeWriter SORTED_SET = new JdkCollections(Tags.SORTED_SET, TreeSet.class);
    static final TypeWriter SORTED_MAP = new JdkCollections(Tags.SORTED_MAP, TreeMap.class);
    static final TypeWriter ENTRY = new JdkCollections(Tags.ENTRY, AbstractMap.SimpleImmutableEntry.class);

    private final int tag;
    private final Class<?> arrivesAs;

    private JdkCollections(int tag, Class<?> arrivesAs)
    {
        this.tag = tag;
        this.arrivesAs = arrivesAs;
    }

    @Override
    public Class<?> arrivesAs(Class<?> type)
    {
        return arrivesAs;
    }

    @Override
    public void write(Encoder out, Object value)
    {
        out.enter(value);
        switch (tag)
        {
            case Tags.ENTRY:
                out.tag(tag);
                writeEntry(out, (Map.Entry<?, ?>)value);
                break;
            case Tags.SORTED_MAP:
                checkOrder(value, ((SortedMap<?, ?>)value).comparator());
                writeMap(out, (Map<?, ?>)value);
                break;
            case Tags.MAP:
                writeMap(out, (Map<?, ?>)value);
                break;
            case Tags.SORTED_SET:
                checkOrder(value, ((SortedSet<?>)value).comparator());
                writeAll(out, (Collection<?>)value);
                break;
            default:
                writeAll(out, (Collection<?>)value);
        }
        out.leave();
    }

    private static void checkOrder(Object value, Comparator<?> order)
    {
        if (order != null && order != Comparator.naturalOrder())
        {
            throw NotTransferableException.refused(value.getClass(),
                "its comparator is a function; keep natural order, or send a list and sort it where it arrives.");
        }
    }

    private void writeAll(Encoder out, Collection<?> elements)
    {
        out.tag(tag);
        int i = 0;
        for (final Object element : elements)
        {
            try
            {
                out.value(element);
                i++;
            }
            catch (final NotTransferableException e)
            {
                throw e.at((long)i);
            }
        }
        out.tag(Tags.END);
    }

    private void writeMap(Encoder out, Map<?, ?> map)
    {
        out.tag(tag);
        for (final Map.Entry<?, ?> entry : map.entrySet())
        {
            writeEntry(out, entry);
        }
        out.tag(Tags.END);
    }

    private static void writeEntry(Encoder out, Map.Entry<?, ?> entry)
    {
        final Object key = entry.getKey();
        key(out, key);
        try
        {
            out.value(entry.getValue());
        }
        catch (final NotTransferableException e)
        {
            throw e.at(key);
        }
    }

    private static void key(Encoder out, Object key)
    {
        try
        {
            out.value(key);
        }
        catch (final NotTransferableException e)
        {
            throw e.atKey(key);
        }
    }

    static Object readInto(Decoder in, Collection<Object> elements)
    {
        in.enter();
        while (in.hasMore())
        {
            elements.add(in.value());
        }
        in.leave();
        return elements;
    }

    static Object readInto(Decoder in, Map<Object, Object> map)
    {
        in.enter();
        while (in.hasMore())
        {
            final Object key = in.value();
            map.put(key, in.value());
        }
        in.leave();
        return map;
    }

    static Object readEntry(Decoder in)
    {
        in.enter();
        final Object key = in.value();
        final Object entry = new AbstractMap.SimpleImmutableEntry<>(key, in.value());
        in.leave();
        return entry;
    }
}
