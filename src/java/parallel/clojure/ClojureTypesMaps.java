package parallel.clojure;

import java.util.Iterator;
import java.util.Map;

import clojure.lang.IPersistentMap;
import clojure.lang.ITransientMap;
import clojure.lang.Keyword;
import clojure.lang.PersistentArrayMap;
import clojure.lang.PersistentHashMap;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.TypeWriter;
import parallel.codec.UnserializableException;

/** Array maps, hash maps, and maps of other kinds, which arrive as one of the two. */
final class ClojureTypesMaps
{
    static final TypeWriter ARRAY = new ArrayMap();
    static final TypeWriter HASH = new HashMap();
    static final TypeWriter OTHER = new Other();

    /** Up to here array maps are looked at for double keys, which takes the square of the number. */
    private static final int CHECKED_PAIRS = 64;
    private static final int SMALL_PAIRS = 8;

    private ClojureTypesMaps()
    {
    }

    /** Calls go to the class, not to its many interfaces: looking those up would take longer than writing. */
    private static final class ArrayMap extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            PersistentArrayMap map = (PersistentArrayMap)value;
            if (map.meta() != null)
            {
                ClojureTypesMeta.write(out, map.meta());
            }
            out.enter(map);
            out.tag(ClojureTypesTags.ARRAY_MAP, map.count());
            Iterator<?> keys = map.keyIterator();
            Iterator<?> values = map.valIterator();
            Object key = null;
            boolean atValue = false;
            try
            {
                while (keys.hasNext())
                {
                    atValue = false;
                    key = keys.next();
                    out.value(key);
                    atValue = true;
                    out.value(values.next());
                }
            }
            catch (UnserializableException e)
            {
                throw atValue ? e.at(key) : e.atKey(key);
            }
            out.leave();
        }
    }

    private static final class HashMap extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            PersistentHashMap map = (PersistentHashMap)value;
            if (map.meta() != null)
            {
                ClojureTypesMeta.write(out, map.meta());
            }
            out.enter(map);
            out.tag(ClojureTypesTags.HASH_MAP, map.count());
            writePairs(out, map.iterator());
            out.leave();
        }
    }

    /** Of maps made by others nothing is taken for granted but that they can be iterated. */
    private static final class Other extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            ClojureTypesMeta.writeOf(out, value);
            ClojureTypesElements pairs = new ClojureTypesElements(16);
            for (Object entry : (Iterable<?>)value)
            {
                pairs.add(((Map.Entry<?, ?>)entry).getKey());
                pairs.add(((Map.Entry<?, ?>)entry).getValue());
            }
            IPersistentMap map = map(pairs.toArray());
            (map instanceof PersistentArrayMap ? ARRAY : HASH).write(out, map);
        }

        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return IPersistentMap.class;
        }
    }

    /** Writes the pairs of a map that was counted, in its own order. */
    static void writePairs(Encoder out, Iterator<?> entries)
    {
        Object key = null;
        boolean atValue = false;
        try
        {
            while (entries.hasNext())
            {
                Map.Entry<?, ?> entry = (Map.Entry<?, ?>)entries.next();
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
    }

    static Object readArrayMap(Decoder in)
    {
        int pairs = in.elements();
        if (pairs == 0)
        {
            return PersistentArrayMap.EMPTY;
        }
        if (pairs > SMALL_PAIRS)
        {
            return arrayMap(ClojureTypesElements.readPairs(in, pairs));
        }
        Object[] keysAndValues = new Object[2 * pairs];
        in.enter();
        int i = 0;
        try
        {
            for (; i < keysAndValues.length; i++)
            {
                keysAndValues[i] = in.value();
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw ClojureTypesElements.failedPair(in, e, keysAndValues, i);
        }
        in.leave();
        return arrayMap(keysAndValues);
    }

    /**
     * Two keys that were not equal where they come from may have become so, as a var and its symbol: the later one
     * wins.
     */
    private static IPersistentMap arrayMap(Object[] keysAndValues)
    {
        return keysAndValues.length <= 2 * CHECKED_PAIRS && !hasDistinctKeywords(keysAndValues) ?
            PersistentArrayMap.createAsIfByAssoc(keysAndValues) : new PersistentArrayMap(keysAndValues);
    }

    /** The usual case, decided by comparing references. */
    private static boolean hasDistinctKeywords(Object[] keysAndValues)
    {
        for (int i = 0; i < keysAndValues.length; i += 2)
        {
            Object key = keysAndValues[i];
            if (!(key instanceof Keyword))
            {
                return false;
            }
            for (int j = 0; j < i; j += 2)
            {
                if (keysAndValues[j] == key)
                {
                    return false;
                }
            }
        }
        return true;
    }

    static Object readHashMap(Decoder in)
    {
        int pairs = in.elements();
        ITransientMap map = (ITransientMap)PersistentHashMap.EMPTY.asTransient();
        in.enter();
        Object key = null;
        boolean atValue = false;
        try
        {
            for (int i = 0; i < pairs; i++)
            {
                atValue = false;
                key = in.value();
                atValue = true;
                map = map.assoc(key, in.value());
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, key, atValue);
        }
        in.leave();
        return map.persistent();
    }

    /** A small array map or a hash map. */
    static IPersistentMap map(Object[] keysAndValues)
    {
        if (keysAndValues.length <= 2 * SMALL_PAIRS)
        {
            return PersistentArrayMap.createAsIfByAssoc(keysAndValues);
        }
        ITransientMap map = (ITransientMap)PersistentHashMap.EMPTY.asTransient();
        for (int i = 0; i < keysAndValues.length; i += 2)
        {
            map = map.assoc(keysAndValues[i], keysAndValues[i + 1]);
        }
        return map.persistent();
    }
}
