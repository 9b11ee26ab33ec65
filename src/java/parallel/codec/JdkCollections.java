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
final class JdkCollections
{
    static final TypeWriter LIST = new Elements(Tags.LIST, ArrayList.class);
    static final TypeWriter SET = new Elements(Tags.SET, LinkedHashSet.class);
    static final TypeWriter SORTED_SET = new Elements(Tags.SORTED_SET, TreeSet.class);
    static final TypeWriter MAP = new Pairs(Tags.MAP, LinkedHashMap.class);
    static final TypeWriter SORTED_MAP = new Pairs(Tags.SORTED_MAP, TreeMap.class);
    static final TypeWriter ENTRY = new Entry();

    private JdkCollections()
    {
    }

    private static final class Elements extends TypeWriter
    {
        private final int tag;
        private final Class<?> arrivesAs;

        Elements(int tag, Class<?> arrivesAs)
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
            if (tag == Tags.SORTED_SET)
            {
                checkOrder(value, ((SortedSet<?>)value).comparator());
            }
            out.enter(value);
            out.tag(tag);
            long i = 0;
            try
            {
                for (final Object element : (Collection<?>)value)
                {
                    out.value(element);
                    i++;
                }
            }
            catch (final NotTransferableException e)
            {
                throw e.at(i);
            }
            out.tag(Tags.END);
            out.leave();
        }
    }

    private static final class Pairs extends TypeWriter
    {
        private final int tag;
        private final Class<?> arrivesAs;

        Pairs(int tag, Class<?> arrivesAs)
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
            if (tag == Tags.SORTED_MAP)
            {
                checkOrder(value, ((SortedMap<?, ?>)value).comparator());
            }
            out.enter(value);
            out.tag(tag);
            Object key = null;
            boolean atValue = false;
            try
            {
                for (final Map.Entry<?, ?> entry : ((Map<?, ?>)value).entrySet())
                {
                    atValue = false;
                    key = entry.getKey();
                    out.value(key);
                    atValue = true;
                    out.value(entry.getValue());
                }
            }
            catch (final NotTransferableException e)
            {
                throw atValue ? e.at(key) : e.atKey(key);
            }
            out.tag(Tags.END);
            out.leave();
        }
    }

    private static final class Entry extends TypeWriter
    {
        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return AbstractMap.SimpleImmutableEntry.class;
        }

        @Override
        public void write(Encoder out, Object value)
        {
            out.enter(value);
            out.tag(Tags.ENTRY);
            long i = 0;
            try
            {
                out.value(((Map.Entry<?, ?>)value).getKey());
                i++;
                out.value(((Map.Entry<?, ?>)value).getValue());
            }
            catch (final NotTransferableException e)
            {
                throw e.at(i);
            }
            out.leave();
        }
    }

    private static void checkOrder(Object value, Comparator<?> order)
    {
        if (order != null && order != Comparator.naturalOrder())
        {
            throw NotTransferableException.refused(value.getClass(),
                "its comparator is a function; keep natural order, or send a list and sort it where it arrives.");
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
