package parallel.clojure;

import java.io.PrintWriter;
import java.io.Writer;
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

import parallel.control.Language;
import parallel.runtime.Context;

/**
 * Clojure, as the core sees it. What is better said in Clojure is in {@code parallel.impl.child}.
 */
public final class ClojureLanguage implements Language
{
    private static final Keyword WORKER_ID = Keyword.intern("worker", "id");
    private static final String CHILD = "parallel.impl.child";
    /**
     * What a failing compiler needs. A class whose initialiser is the one that finds the stack exhausted can never be
     * used again.
     */
    private static final String OF_A_FAILING_COMPILER = "clojure.lang.Compiler$CompilerException";

    private volatile IFn evaluate;
    private volatile IFn describe;
    private volatile IFn prepare;
    private volatile IFn typicalWork;

    /** Found by name. */
    public ClojureLanguage()
    {
    }

    @Override
    public synchronized void load()
    {
        // One at a time, for workers that are threads: a namespace counts as loaded, for require, as soon as its
        // loading begins.
        Var.intern(Symbol.intern("clojure.core"), Symbol.intern("require")).invoke(Symbol.intern(CHILD));
        Var context = RT.var("parallel.api", "*context*");
        Context.conveyed(() -> (Context)context.deref());
        evaluate = inChild("evaluate");
        describe = inChild("describe");
        prepare = inChild("prepare");
        typicalWork = inChild("typical-work");
        RT.classForName(OF_A_FAILING_COMPILER);
    }

    /** No compiler looks at a name that is text: one that is not there is an error at once. */
    private static IFn inChild(String name)
    {
        Var function = RT.var(CHILD, name);
        if (!function.isBound())
        {
            throw new IllegalStateException(CHILD + " has no function " + name);
        }
        return function;
    }

    @Override
    public void prepare(boolean ownProcess)
    {
        load();
        prepare.invoke(ownProcess);
    }

    @Override
    public Object evaluate(Object work) throws Throwable
    {
        return evaluate.invoke(work);
    }

    @Override
    public byte[] typicalWork()
    {
        return (byte[])typicalWork.invoke();
    }

    @Override
    public String describe(Object work)
    {
        return (String)describe.invoke(work);
    }

    @Override
    public void printError(String line)
    {
        Object err = RT.ERR.deref();
        if (err instanceof Writer writer)
        {
            PrintWriter out = new PrintWriter(writer);
            out.println(line);
            out.flush();
        }
        else
        {
            System.err.println(line);
        }
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
        for (Object each : (IPersistentMap)data)
        {
            Map.Entry<?, ?> entry = (Map.Entry<?, ?>)each;
            if (travels.test(entry.getKey()))
            {
                part = part.assoc(entry.getKey(), travels.test(entry.getValue()) ? entry.getValue() :
                    inPlaceOf(entry.getValue(), travels));
            }
        }
        return part;
    }

    private Object inPlaceOf(Object value, Predicate<Object> travels)
    {
        return value instanceof IPersistentMap ? travellingPart(value, travels) : "a value of class " +
            value.getClass().getName() + " that cannot be sent";
    }

    @Override
    public Throwable withData(String message, Object data, Throwable cause)
    {
        return data instanceof IPersistentMap map ? new ExceptionInfo(message, map, cause) : null;
    }

    @Override
    public List<String> resources()
    {
        return List.of("parallel/api.clj", "clojure/core.clj", "clojure/spec/alpha.clj",
            "clojure/core/specs/alpha.clj");
    }

    @Override
    public List<String> startCacheProgram()
    {
        return List.of("clojure.main", "-m", "parallel.impl.start-cache", "while-stdin-is-open");
    }
}
