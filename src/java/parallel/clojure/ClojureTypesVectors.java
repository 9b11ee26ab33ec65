package parallel.clojure;

import clojure.lang.IPersistentVector;
import clojure.lang.ITransientCollection;
import clojure.lang.LazilyPersistentVector;
import clojure.lang.MapEntry;
import clojure.lang.PersistentVector;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.TypeWriter;
import parallel.codec.UnserializableException;

/** Vectors of all kinds, which arrive as plain ones, and map entries. */
final class ClojureTypesVectors
{
    static final TypeWriter PLAIN = new Plain();
    static final TypeWriter INDEXED = new Indexed();
    static final TypeWriter OTHER = new Other();
    static final TypeWriter ENTRY = new Entry();

    private static final int NODE = 32;

    private ClojureTypesVectors()
    {
    }

    private static final class Plain extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            PersistentVector vector = (PersistentVector)value;
            if (vector.meta() != null)
            {
                ClojureTypesMeta.write(out, vector.meta());
            }
            int count = vector.count();
            out.enter(vector);
            out.tag(ClojureTypesTags.VECTOR, count);
            int i = 0;
            try
            {
                while (i < count)
                {
                    for (Object element : vector.arrayFor(i))
                    {
                        out.value(element);
                        i++;
                    }
                }
            }
            catch (UnserializableException e)
            {
                throw e.at((long)i);
            }
            out.leave();
        }
    }

    private static final class Indexed extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            IPersistentVector vector = (IPersistentVector)value;
            ClojureTypesMeta.writeOf(out, vector);
            int count = vector.count();
            out.enter(vector);
            out.tag(ClojureTypesTags.VECTOR, count);
            int i = 0;
            try
            {
                for (; i < count; i++)
                {
                    out.value(vector.nth(i));
                }
            }
            catch (UnserializableException e)
            {
                throw e.at((long)i);
            }
            out.leave();
        }

        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return PersistentVector.class;
        }
    }

    /** Of vectors made by others nothing is taken for granted but that they can be iterated. */
    private static final class Other extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            ClojureTypesMeta.writeOf(out, value);
            PLAIN.write(out, PersistentVector.create((Iterable<?>)value));
        }

        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return PersistentVector.class;
        }
    }

    private static final class Entry extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            MapEntry entry = (MapEntry)value;
            out.enter(entry);
            out.tag(ClojureTypesTags.MAP_ENTRY);
            long i = 0;
            try
            {
                out.value(entry.key());
                i++;
                out.value(entry.val());
            }
            catch (UnserializableException e)
            {
                throw e.at(i);
            }
            out.leave();
        }
    }

    static Object readEntry(Decoder in)
    {
        Object[] keyAndValue = ClojureTypesElements.read(in, 2);
        return MapEntry.create(keyAndValue[0], keyAndValue[1]);
    }

    static Object read(Decoder in)
    {
        int count = in.elements();
        return count <= NODE ? small(in, count) : large(in, count);
    }

    private static Object small(Decoder in, int count)
    {
        if (count == 0)
        {
            return PersistentVector.EMPTY;
        }
        Object[] elements = new Object[count];
        in.enter();
        int i = 0;
        try
        {
            for (; i < count; i++)
            {
                elements[i] = in.value();
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, (long)i);
        }
        in.leave();
        return LazilyPersistentVector.createOwning(elements);
    }

    private static Object large(Decoder in, int count)
    {
        ITransientCollection vector = PersistentVector.EMPTY.asTransient();
        in.enter();
        int i = 0;
        try
        {
            for (; i < count; i++)
            {
                vector = vector.conj(in.value());
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, (long)i);
        }
        in.leave();
        return vector.persistent();
    }
}
