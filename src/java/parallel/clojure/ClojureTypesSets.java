package parallel.clojure;

import java.util.Iterator;

import clojure.lang.IPersistentSet;
import clojure.lang.ITransientCollection;
import clojure.lang.PersistentHashSet;
import clojure.lang.RT;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.TypeWriter;
import parallel.codec.UnserializableException;

/** Hash sets, and sets of other kinds, which arrive as hash sets. */
final class ClojureTypesSets
{
    static final TypeWriter HASH = new Plain();
    static final TypeWriter OTHER = new Other();

    private ClojureTypesSets()
    {
    }

    private static final class Plain extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            ClojureTypesMeta.writeOf(out, value);
            out.enter(value);
            out.tag(ClojureTypesTags.HASH_SET, ((IPersistentSet)value).count());
            writeElements(out, ((Iterable<?>)value).iterator());
            out.leave();
        }
    }

    private static final class Other extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            ClojureTypesMeta.writeOf(out, value);
            HASH.write(out, PersistentHashSet.create(RT.seq(value)));
        }

        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return PersistentHashSet.class;
        }
    }

    static void writeElements(Encoder out, Iterator<?> elements)
    {
        long i = 0;
        try
        {
            while (elements.hasNext())
            {
                out.value(elements.next());
                i++;
            }
        }
        catch (UnserializableException e)
        {
            throw e.at(i);
        }
    }

    static Object read(Decoder in)
    {
        int count = in.elements();
        ITransientCollection set = PersistentHashSet.EMPTY.asTransient();
        in.enter();
        int i = 0;
        try
        {
            for (; i < count; i++)
            {
                set = set.conj(in.value());
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, (long)i);
        }
        in.leave();
        return set.persistent();
    }
}
