package parallel.clojure;

import clojure.lang.IPersistentCollection;
import clojure.lang.IPersistentList;
import clojure.lang.ISeq;
import clojure.lang.PersistentList;
import clojure.lang.PersistentQueue;
import clojure.lang.RT;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.Tags;
import parallel.codec.TypeWriter;
import parallel.codec.UnserializableException;

/** Lists, queues, and sequences of any other kind, which are realised and arrive as lists. */
final class ClojureTypesSequences extends TypeWriter
{
    static final TypeWriter LIST = new ClojureTypesSequences(ClojureTypesTags.LIST);
    static final TypeWriter QUEUE = new ClojureTypesSequences(ClojureTypesTags.QUEUE);
    static final TypeWriter SEQ = new ClojureTypesSequences(ClojureTypesTags.SEQ);

    private final int tag;

    private ClojureTypesSequences(int tag)
    {
        this.tag = tag;
    }

    @Override
    public Class<?> arrivesAs(Class<?> type)
    {
        return tag == ClojureTypesTags.SEQ ? IPersistentList.class : type;
    }

    @Override
    public void write(Encoder out, Object value)
    {
        ClojureTypesMeta.writeOf(out, value);
        out.enter(value);
        out.tag(tag);
        if (tag != ClojureTypesTags.SEQ)
        {
            out.count(((IPersistentCollection)value).count());
        }
        long i = 0;
        try
        {
            for (ISeq s = RT.seq(value); s != null; s = s.next())
            {
                out.value(s.first());
                i++;
            }
        }
        catch (UnserializableException e)
        {
            throw e.at(i);
        }
        if (tag == ClojureTypesTags.SEQ)
        {
            out.tag(Tags.END);
        }
        out.leave();
    }

    static Object readList(Decoder in)
    {
        Object[] elements = ClojureTypesElements.read(in, in.elements());
        return list(elements, elements.length);
    }

    static Object readSeq(Decoder in)
    {
        ClojureTypesElements elements = new ClojureTypesElements(8);
        in.enter();
        try
        {
            while (in.hasMore())
            {
                elements.add(in.value());
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, (long)elements.count());
        }
        in.leave();
        return list(elements.toArray(), elements.count());
    }

    private static Object list(Object[] elements, int count)
    {
        IPersistentCollection list = PersistentList.EMPTY;
        for (int i = count - 1; i >= 0; i--)
        {
            list = list.cons(elements[i]);
        }
        return list;
    }

    static Object readQueue(Decoder in)
    {
        PersistentQueue queue = PersistentQueue.EMPTY;
        int count = in.elements();
        in.enter();
        int i = 0;
        try
        {
            for (; i < count; i++)
            {
                queue = queue.cons(in.value());
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, (long)i);
        }
        in.leave();
        return queue;
    }
}
