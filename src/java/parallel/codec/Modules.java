package parallel.codec;

/** The module of the language that shares the JVM, if there is one. Found by name: the codec runs without it. */
final class Modules
{
    private static final String LANGUAGE = "clojure.lang.RT";
    private static final String MODULE = "parallel.clojure.ClojureTypes";

    private Modules()
    {
    }

    static boolean isPresent()
    {
        return Holder.MODULE != null;
    }

    static CodecModule module()
    {
        return Holder.MODULE;
    }

    /** Loaded when the first class or tag comes by that the codec does not know. */
    private static final class Holder
    {
        static final CodecModule MODULE = find();

        private static CodecModule find()
        {
            final ClassLoader loader = Modules.class.getClassLoader();
            try
            {
                Class.forName(LANGUAGE, false, loader);
                return (CodecModule)Class.forName(Modules.MODULE, true, loader).getConstructor().newInstance();
            }
            catch (final ClassNotFoundException e)
            {
                return null;
            }
            catch (final ReflectiveOperationException e)
            {
                throw new IllegalStateException(Modules.MODULE + " cannot be made", e);
            }
        }
    }
}
