package parallel.clojure;

import java.util.Iterator;
import java.util.NoSuchElementException;

import clojure.lang.Counted;
import clojure.lang.IFn;
import clojure.lang.IReduce;
import clojure.lang.ISeq;
import clojure.lang.Indexed;
import clojure.lang.RT;
import clojure.lang.Reduced;
import clojure.lang.Seqable;

import parallel.ParallelException;
import parallel.control.Errors;
import parallel.shared.ArrayHandle;
import parallel.shared.HandleFactory;

/** A shared array as Clojure sees it: indexed, counted, reducible and seqable over all its elements in order. */
public final class ClojureSharedArray extends ArrayHandle implements Indexed, Counted, IReduce, Seqable,
    Iterable<Object>
{
    private ClojureSharedArray(Seed seed)
    {
        super(seed);
    }

    /** Makes all handles where Clojure is on the class path. */
    public static final class Maker implements HandleFactory.Maker
    {
        /** Found by name. */
        public Maker()
        {
        }

        @Override
        public ArrayHandle make(Seed seed)
        {
            return new ClojureSharedArray(seed);
        }
    }

    private Object element(long i)
    {
        try
        {
            return get(i);
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    @Override
    public Object nth(int i)
    {
        return element(i);
    }

    @Override
    public Object nth(int i, Object notFound)
    {
        return i >= 0 && i < length() ? element(i) : notFound;
    }

    @Override
    public int count()
    {
        if (length() > Integer.MAX_VALUE)
        {
            throw ClojureErrors.exInfo(
                Errors.badArgument("The shared array has " + length() +
                " elements, more than count can say: use length."));
        }
        return (int)length();
    }

    @Override
    public Object reduce(IFn f)
    {
        return length() == 0 ? f.invoke() : reduced(f, element(0), 1);
    }

    @Override
    public Object reduce(IFn f, Object init)
    {
        return reduced(f, init, 0);
    }

    private Object reduced(IFn f, Object init, long from)
    {
        Object acc = init;
        for (long i = from; i < length(); i++)
        {
            acc = f.invoke(acc, element(i));
            if (acc instanceof Reduced end)
            {
                return end.deref();
            }
        }
        return acc;
    }

    @Override
    public ISeq seq()
    {
        return RT.chunkIteratorSeq(iterator());
    }

    @Override
    public Iterator<Object> iterator()
    {
        return new Iterator<>()
        {
            private long next;

            @Override
            public boolean hasNext()
            {
                return next < length();
            }

            @Override
            public Object next()
            {
                if (!hasNext())
                {
                    throw new NoSuchElementException();
                }
                return element(next++);
            }
        };
    }
}
