package parallel.clojure;

import java.util.List;

import clojure.lang.IExceptionInfo;
import clojure.lang.IPersistentMap;
import clojure.lang.IPersistentVector;
import clojure.lang.Keyword;
import clojure.lang.PersistentArrayMap;
import clojure.lang.PersistentVector;
import clojure.lang.RT;
import clojure.lang.Symbol;
import parallel.codec.Throwables;

/**
 * Throwables as {@code Throwable->map} has them, with {@code :suppressed} where there are any. Clojure's own function
 * does not end where causes go in a circle, and fails where a method of the throwable fails.
 */
final class ClojureTypesThrowables
{
    private static final Keyword TYPE = key("type");
    private static final Keyword MESSAGE = key("message");
    private static final Keyword DATA = key("data");
    private static final Keyword AT = key("at");
    private static final Keyword VIA = key("via");
    private static final Keyword TRACE = key("trace");
    private static final Keyword CAUSE = key("cause");
    private static final Keyword SUPPRESSED = key("suppressed");
    private static final Keyword PHASE = key("phase");
    private static final Keyword ERROR_PHASE = Keyword.intern("clojure.error", "phase");

    private ClojureTypesThrowables()
    {
    }

    private static Keyword key(String name)
    {
        return Keyword.intern(null, name);
    }

    static IPersistentMap map(Throwable t)
    {
        return map(t, new Throwables());
    }

    /** Null for a throwable that is in the map already. */
    private static IPersistentMap map(Throwable t, Throwables read)
    {
        List<Throwable> chain = read.chain(t);
        if (chain.isEmpty())
        {
            return null;
        }
        IPersistentVector via = PersistentVector.EMPTY;
        for (Throwable at : chain)
        {
            IPersistentMap entry = entry(at);
            via = via.cons(at == t ? entry : with(entry, SUPPRESSED, suppressed(at, read)));
        }
        Throwable root = chain.get(chain.size() - 1);
        IPersistentMap map = PersistentArrayMap.EMPTY.assoc(VIA, via).assoc(TRACE, frames(Throwables.frames(root)));
        map = with(map, CAUSE, Throwables.localizedMessage(root));
        map = with(map, DATA, data(root));
        map = with(map, PHASE, RT.get(data(t), ERROR_PHASE));
        return with(map, SUPPRESSED, suppressed(t, read));
    }

    private static IPersistentMap entry(Throwable t)
    {
        StackTraceElement[] frames = Throwables.frames(t);
        IPersistentMap entry = PersistentArrayMap.EMPTY.assoc(TYPE, Symbol.intern(null, t.getClass().getName()));
        entry = with(entry, MESSAGE, Throwables.localizedMessage(t));
        entry = with(entry, DATA, data(t));
        return frames.length == 0 ? entry : entry.assoc(AT, frame(frames[0]));
    }

    private static IPersistentVector suppressed(Throwable t, Throwables read)
    {
        IPersistentVector all = PersistentVector.EMPTY;
        for (Throwable other : t.getSuppressed())
        {
            IPersistentMap map = map(other, read);
            all = map == null ? all : all.cons(map);
        }
        return all.length() == 0 ? null : all;
    }

    private static IPersistentMap with(IPersistentMap map, Keyword key, Object value)
    {
        return value == null ? map : map.assoc(key, value);
    }

    private static IPersistentMap data(Throwable t)
    {
        return t instanceof IExceptionInfo info ? Throwables.read(info::getData, e -> null) : null;
    }

    private static IPersistentVector frames(StackTraceElement[] frames)
    {
        Object[] vectors = new Object[frames.length];
        for (int i = 0; i < frames.length; i++)
        {
            vectors[i] = frame(frames[i]);
        }
        return RT.vector(vectors);
    }

    private static IPersistentVector frame(StackTraceElement f)
    {
        return RT.vector(Symbol.intern(null, f.getClassName()), Symbol.intern(null, f.getMethodName()),
            f.getFileName(), f.getLineNumber());
    }
}
