package parallel.codec;

import java.lang.reflect.Modifier;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

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

    private static final Predicate<Class<?>> COLLECTIONS = type -> Collection.class.isAssignableFrom(type) ||
        Map.class.isAssignableFrom(type) || Map.Entry.class.isAssignableFrom(type);

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
            if (tag == Tags.SORTED_SET && !CollectionKind.isNatural(((SortedSet<?>)value).comparator()))
            {
                Kept.write(out, CollectionKind.TREE_SET, value);
                return;
            }
            out.enter(value);
            out.tag(tag);
            writeElements(out, (Collection<?>)value);
            out.leave();
        }
    }

    /** Those that arrive as the class that they have here. */
    private static final class Kept extends TypeWriter
    {
        private final CollectionKind kind;

        Kept(CollectionKind kind)
        {
            this.kind = kind;
        }

        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return kind.type;
        }

        @Override
        public void write(Encoder out, Object value)
        {
            write(out, kind, value);
        }

        static void write(Encoder out, CollectionKind kind, Object value)
        {
            out.enter(value);
            out.tag(Tags.COLLECTION);
            out.i8(kind.ordinal());
            kind.writeExtra(out, value);
            if (value instanceof Map<?, ?> map)
            {
                writePairs(out, map);
            }
            else
            {
                writeElements(
                    out, value instanceof Map.Entry<?, ?> entry ? Arrays.asList(entry.getKey(), entry.getValue()) :
                    (Collection<?>)value);
            }
            out.leave();
        }
    }

    /** Not a collection to the JDK: a set of small numbers, as bytes. */
    private static final class Bits extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            out.tag(Tags.BIT_SET);
            out.counted(((BitSet)value).toByteArray());
        }
    }

    private static void writeElements(Encoder out, Collection<?> elements)
    {
        long i = 0;
        try
        {
            for (Object element : elements)
            {
                out.value(element);
                i++;
            }
        }
        catch (UnserializableException e)
        {
            throw e.at(i);
        }
        out.tag(Tags.END);
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
            if (tag == Tags.SORTED_MAP && !CollectionKind.isNatural(((SortedMap<?, ?>)value).comparator()))
            {
                Kept.write(out, CollectionKind.TREE_MAP, value);
                return;
            }
            out.enter(value);
            out.tag(tag);
            writePairs(out, (Map<?, ?>)value);
            out.leave();
        }
    }

    private static void writePairs(Encoder out, Map<?, ?> map)
    {
        Object key = null;
        boolean atValue = false;
        try
        {
            for (Map.Entry<?, ?> entry : map.entrySet())
            {
                atValue = false;
                key = entry.getKey();
                out.value(key);
                atValue = true;
                out.value(entry.getValue());
            }
        }
        catch (UnserializableException e)
        {
            throw atValue ? e.at(key) : e.atKey(key);
        }
        out.tag(Tags.END);
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
            catch (UnserializableException e)
            {
                throw e.at(i);
            }
            out.leave();
        }
    }

    /**
     * The writer of a class of the JDK's, or of a user's.
     *
     * @return null if the class is no collection and no entry.
     */
    static TypeWriter of(Class<?> type)
    {
        if (type == BitSet.class)
        {
            return new Bits();
        }
        if (!COLLECTIONS.test(type))
        {
            return null;
        }
        if (!type.getName().startsWith("java."))
        {
            return new Refusal.Unknown(
                "a collection of this class cannot be made again in another process; copy it to one of " +
                "java.util, or register a parallel.codec.Extension for its class in both processes.");
        }
        CollectionKind kind = CollectionKind.of(type);
        if (kind != null && (kind != CollectionKind.TREE_SET && kind != CollectionKind.TREE_MAP))
        {
            return new Kept(kind);
        }
        TypeWriter writer = ofShape(type);
        return holdsAll(writer.arrivesAs(type), type) ? writer : new Refusal(
            "a collection of this class is not made again in another process; copy it to an ArrayList, a HashMap or " +
            "another usual one.");
    }

    private static TypeWriter ofShape(Class<?> type)
    {
        if (SortedMap.class.isAssignableFrom(type))
        {
            return SORTED_MAP;
        }
        if (Map.class.isAssignableFrom(type))
        {
            return MAP;
        }
        if (SortedSet.class.isAssignableFrom(type))
        {
            return SORTED_SET;
        }
        if (Set.class.isAssignableFrom(type))
        {
            return SET;
        }
        return Collection.class.isAssignableFrom(type) ? LIST : ENTRY;
    }

    /**
     * Whether what arrives can stand wherever the class sent could: for a view, for instance, its class is nobody's
     * business.
     */
    private static boolean holdsAll(Class<?> arrives, Class<?> type)
    {
        if (type == null || !COLLECTIONS.test(type))
        {
            return true;
        }
        if (Modifier.isPublic(type.getModifiers()) && !type.isAssignableFrom(arrives))
        {
            return false;
        }
        return holdsAll(arrives, type.getSuperclass()) &&
            Arrays.stream(type.getInterfaces()).allMatch(each -> holdsAll(arrives, each));
    }

    static Object readInto(Decoder in, Collection<Object> elements)
    {
        long i = 0;
        in.enter();
        try
        {
            while (in.hasMore())
            {
                elements.add(in.value());
                i++;
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, i);
        }
        in.leave();
        return elements;
    }

    static Object readInto(Decoder in, Map<Object, Object> map)
    {
        Object key = null;
        boolean atValue = false;
        in.enter();
        try
        {
            while (in.hasMore())
            {
                atValue = false;
                key = in.value();
                atValue = true;
                map.put(key, in.value());
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, key, atValue);
        }
        in.leave();
        return map;
    }

    static Object readEntry(Decoder in)
    {
        long i = 0;
        in.enter();
        try
        {
            Object key = in.value();
            i++;
            Object entry = new AbstractMap.SimpleImmutableEntry<>(key, in.value());
            in.leave();
            return entry;
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, i);
        }
    }
}
