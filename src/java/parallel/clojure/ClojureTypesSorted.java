package parallel.clojure;

import java.util.Comparator;

import clojure.lang.Compiler;
import clojure.lang.Fn;
import clojure.lang.IPersistentCollection;
import clojure.lang.IPersistentMap;
import clojure.lang.Namespace;
import clojure.lang.PersistentTreeMap;
import clojure.lang.PersistentTreeSet;
import clojure.lang.RT;
import clojure.lang.Sorted;
import clojure.lang.Symbol;
import clojure.lang.Var;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.TypeWriter;
import parallel.codec.UnserializableException;

/** Sorted maps and sets: their order is sent as nothing (the default one) or as the name of a var that holds it. */
final class ClojureTypesSorted
{
    static final TypeWriter MAP = new OfMap();
    static final TypeWriter SET = new OfSet();

    private ClojureTypesSorted()
    {
    }

    private static final class OfMap extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            begin(out, ClojureTypesTags.SORTED_MAP, value);
            ClojureTypesMaps.writePairs(out, ((Iterable<?>)value).iterator());
            out.leave();
        }

        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return PersistentTreeMap.class;
        }
    }

    private static final class OfSet extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            begin(out, ClojureTypesTags.SORTED_SET, value);
            ClojureTypesSets.writeElements(out, ((Iterable<?>)value).iterator());
            out.leave();
        }

        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return PersistentTreeSet.class;
        }
    }

    private static void begin(Encoder out, int tag, Object value)
    {
        ClojureTypesMeta.writeOf(out, value);
        out.enter(value);
        out.tag(tag);
        out.value(orderName(value, ((Sorted)value).comparator()));
        out.count(((IPersistentCollection)value).count());
    }

    /** The var's name; null for the default order. */
    private static String orderName(Object value, Comparator<?> order)
    {
        if (order == RT.DEFAULT_COMPARATOR)
        {
            return null;
        }
        String name = order instanceof Fn ? Compiler.demunge(order.getClass().getName()) : "";
        int slash = name.indexOf('/');
        Var var = slash < 1 ? null : find(name.substring(0, slash), name.substring(slash + 1));
        if (var == null || !var.isBound() || var.deref() != order)
        {
            throw UnserializableException.refused(value.getClass(), "its comparator " + order +
                " is not the value of a var, so it has no name; def it, or send a vector and sort it where it " +
                "arrives.");
        }
        return name;
    }

    private static Var find(String namespace, String name)
    {
        Namespace found = Namespace.find(Symbol.intern(null, namespace));
        return found == null ? null : found.findInternedVar(Symbol.intern(null, name));
    }

    static Object readMap(Decoder in)
    {
        IPersistentMap map = new PersistentTreeMap(null, order(in));
        int count = in.elements();
        in.enter();
        Object key = null;
        boolean atValue = false;
        try
        {
            for (int i = 0; i < count; i++)
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
        return map;
    }

    static Object readSet(Decoder in)
    {
        IPersistentCollection set = PersistentTreeSet.create(order(in), null);
        int count = in.elements();
        in.enter();
        int i = 0;
        try
        {
            for (; i < count; i++)
            {
                set = set.cons(in.value());
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, (long)i);
        }
        in.leave();
        return set;
    }

    private static Comparator<?> order(Decoder in)
    {
        String name = (String)in.value();
        if (name == null)
        {
            return RT.DEFAULT_COMPARATOR;
        }
        int slash = name.indexOf('/');
        Var var = slash < 1 ? null : required(name.substring(0, slash), name.substring(slash + 1));
        if (var == null || !var.isBound() || !(var.deref() instanceof Comparator))
        {
            throw UnserializableException.unreadable(null,
                "The message has a sorted collection whose comparator is the var " + name +
                ", which is not known in this process.", null);
        }
        return (Comparator<?>)var.deref();
    }

    private static Var required(String namespace, String name)
    {
        Var var = find(namespace, name);
        return var == null && ClojureTypesLoading.require(namespace) ? find(namespace, name) : var;
    }
}
