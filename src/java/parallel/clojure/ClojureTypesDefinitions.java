package parallel.clojure;

import java.util.List;

import clojure.lang.DynamicClassLoader;
import clojure.lang.Namespace;
import clojure.lang.RT;
import clojure.lang.Symbol;
import clojure.lang.Var;
import parallel.codec.Throwables;
import parallel.codec.UnserializableException;
import parallel.runtime.Context;

/**
 * The definitions of records that exist at a prompt or in a script only. A message brings them along with the first
 * record of each class; a worker evaluates what it has not evaluated yet, any other process has the class or does not.
 */
final class ClojureTypesDefinitions
{
    private static final byte[] NONE = {};
    private static final Symbol NOTES = Symbol.intern("parallel.impl.definitions");
    private static final Var DEFINITIONS = RT.var("parallel.impl.form", "record-definitions");
    private static final Var DEFINE = RT.var("parallel.impl.child", "define-arrived");

    private ClojureTypesDefinitions()
    {
    }

    /** Bytes for the receiver; none where it has the class anyway, or nothing is known of it. */
    static byte[] of(Class<?> type)
    {
        if (!(type.getClassLoader() instanceof DynamicClassLoader) || !isKnown())
        {
            return NONE;
        }
        byte[] definitions = (byte[])DEFINITIONS.invoke(type);
        return definitions == null ? NONE : definitions;
    }

    /** In a worker nothing has a definition of its own before a message brings one, which loads what records it. */
    private static boolean isKnown()
    {
        if (!DEFINITIONS.isBound() && (!Context.current().isWorker() || Namespace.find(NOTES) != null))
        {
            RT.var("clojure.core", "serialized-require").invoke(DEFINITIONS.ns.getName());
        }
        return DEFINITIONS.isBound();
    }

    /** What came with the class of that name. */
    static void arrived(String name, byte[] definitions)
    {
        if (definitions.length == 0 || !DEFINE.isBound())
        {
            return;
        }
        try
        {
            DEFINE.invoke(name, definitions);
        }
        catch (Exception | LinkageError e) // the compiler's are not declared
        {
            throw UnserializableException.unreadable(name, "The definition of the record " + name +
                ", which came with the message, cannot be evaluated here: " + innermost(e), e);
        }
    }

    private static Throwable innermost(Throwable e)
    {
        List<Throwable> chain = new Throwables().chain(e);
        return chain.get(chain.size() - 1);
    }
}
