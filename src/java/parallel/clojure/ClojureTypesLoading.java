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
        Class<?> loaded = load(name);
        int dot = name.lastIndexOf('.');
        if (loaded != null || dot < 1 || name.charAt(0) == '[')
        {
            return loaded;
        }
        return require(Compiler.demunge(name.substring(0, dot))) ? load(name) : null;
    }

    /**
     * The latest definition first, which Clojure keeps in memory; then the class path; then libraries added at a
     * prompt.
     */
    private static Class<?> load(String name)
    {
        Class<?> type = load(name, RT.class.getClassLoader());
        return type == null ? load(name, RT.baseLoader()) : type;
    }

    /** The method looks into Clojure's memory first, for any loader that is not Clojure's own. */
    private static Class<?> load(String name, ClassLoader loader)
    {
        try
        {
            return RT.classForName(name, false, loader);
        }
        catch (Exception e)
        {
            if (e instanceof ClassNotFoundException) // undeclared there
            {
                return null;
            }
            throw e;
        }
    }

    /** Requires a namespace that is on the class path, under Clojure's own lock; false if there is no such file. */
    static boolean require(String namespace)
    {
        String path = namespace.replace('-', '_').replace('.', '/');
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
