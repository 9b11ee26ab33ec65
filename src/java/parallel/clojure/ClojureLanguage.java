package parallel.clojure;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

import clojure.lang.ExceptionInfo;
import clojure.lang.IExceptionInfo;
import clojure.lang.IFn;
import clojure.lang.IPersistentMap;
import clojure.lang.Keyword;
import clojure.lang.PersistentHashMap;
import clojure.lang.RT;
import clojure.lang.Symbol;
import clojure.lang.Var;

import parallel.runtime.Language;

/**
 * Clojure, as the core sees it. What is better said in Clojure is in {@code parallel.impl.child}.
 */
public final class ClojureLanguage implements Language
{
    private static final Keyword WORKER_ID = Keyword.intern("worker", "id");
    private static final String CHILD = "parallel.impl.child";
    private volatile IFn evaluate;
    private volatile IFn describe;

    /** Found by name. */
    public ClojureLanguage()
    {
    }

    @Override
    public synchronized void load()
    {
        // One at a time, for workers that are threads: a namespace counts as loaded, for require, as soon as its loading begins.
        Var.intern(Symbol.intern("clojure.core"), Symbol.intern("require")).invoke(Symbol.intern(CHILD));
        evaluate = RT.var(CHILD, "evaluate");
        describe = RT.var(CHILD, "describe");
    }

    @Override
    public void prepare(boolean ownProcess)
    {
        load();
        RT.var(CHILD, "prepare").invoke(ownProcess);
    }

    @Override
    public Object evaluate(Object job) throws Throwable
    {
        return evaluate.invoke(job);
    }

    @Override
    public byte[] typicalJob()
    {
        return (byte[])RT.var(CHILD, "typical-job").invoke();
    }

    @Override
    public String describe(Object job)
    {
        return (String)describe.invoke(job);
    }

    @Override
    public Object reference(int id)
    {
        return RT.map(WORKER_ID, id);
    }

    @Override
    public Object dataOf(Throwable e)
    {
        return e instanceof IExceptionInfo info ? info.getData() : null;
    }

    @Override
    public Object travellingPart(Object data, Predicate<Object> travels)
    {
        IPersistentMap part = PersistentHashMap.EMPTY;
        for (final Object each : (IPersistentMap)data)
        {
            final Map.Entry<?, ?> entry = (Map.Entry<?, ?>)each;
            if (travels.test(entry.getKey()))
            {
                part = part.assoc(entry.getKey(), travels.test(entry.getValue()) ? entry.getValue() : inPlaceOf(entry.getValue(), travels));
            }
        }
        return part;
    }

    private Object inPlaceOf(Object value, Predicate<Object> travels)
    {
        return value instanceof IPersistentMap ? travellingPart(value, travels) : "a value of class " + value.getClass().getName() + " that cannot travel";
    }

    @Override
    public Throwable withData(String message, Object data, Throwable cause)
    {
        return data instanceof IPersistentMap map ? new ExceptionInfo(message, map, cause) : null;
    }

    @Override
    public List<String> resources()
    {
        return List.of("parallel/api.clj", "clojure/core.clj", "clojure/spec/alpha.clj", "clojure/core/specs/alpha.clj");
    }

    @Override
    public List<String> startCacheProgram()
    {
        return List.of("clojure.main", "-m", "parallel.impl.start-cache", "while-stdin-is-open");
    }
}
