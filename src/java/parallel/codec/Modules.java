package parallel.codec;

/** The module of the language that shares the JVM, if there is one. Found by name: the codec runs without it. */
final class Modules
{
    private static final String LANGUAGE = "clojure.lang.RT";

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
            try
            {
                Class.forName(LANGUAGE, false, Modules.class.getClassLoader());
                return ByName.make(ByName.CLOJURE_TYPES, CodecModule.class);
            }
            catch (ClassNotFoundException e)
            {
                return null;
            }
            catch (ReflectiveOperationException e)
            {
                throw new IllegalStateException(ByName.CLOJURE_TYPES + " cannot be made", e);
            }
        }
    }
}
