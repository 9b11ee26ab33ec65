package parallel.clojure;

import clojure.lang.Compiler;
import clojure.lang.RT;
import clojure.lang.Symbol;

/** Finds what messages name: classes known to Clojure's loader, and namespaces that define them. */
final class ClojureTypesLoading
{
    private ClojureTypesLoading()
    {
    }

    /** The class, its namespace required first if need be; null if there is none. Never initialised. */
    static Class<?> find(String name)
    {
        final Class<?> loaded = load(name);
        final int dot = name.lastIndexOf('.');
        if (loaded != null || dot < 1 || name.charAt(0) == '[')
        {
            return loaded;
        }
        return require(Compiler.demunge(name.substring(0, dot))) ? load(name) : null;
    }

    private static Class<?> load(String name)
    {
        try
        {
            return Class.forName(name, false, RT.baseLoader());
        }
        catch (final ClassNotFoundException e)
        {
            return null;
        }
    }

    /** Requires a namespace that is on the class path, under Clojure's own lock; false if there is no such file. */
    static boolean require(String namespace)
    {
        final String path = namespace.replace('-', '_').replace('.', '/');
        if (!isResource(path + ".clj") && !isResource(path + ".cljc") && !isResource(path + "__init.class"))
        {
            return false;
        }
        RT.var("clojure.core", "serialized-require").invoke(Symbol.intern(null, namespace));
        return true;
    }

    private static boolean isResource(String path)
    {
        return RT.baseLoader().getResource(path) != null;
    }
}
