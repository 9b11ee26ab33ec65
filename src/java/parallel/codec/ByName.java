package parallel.codec;

/**
 * The classes that a room below calls by their names. An import would point upwards, and load them where nobody needs
 * them. No other string names a class of the library's rooms, and a test checks that each of these exists.
 */
public final class ByName
{
    /** The main class of a worker's JVM: a word of its command line. */
    public static final String MAIN = "parallel.child.Main";
    /** What the core asks of Clojure. Made as a {@code parallel.control.Language}. */
    public static final String CLOJURE_LANGUAGE = "parallel.clojure.ClojureLanguage";
    /** The codec of Clojure's values. Made as a {@link CodecModule}. */
    public static final String CLOJURE_TYPES = "parallel.clojure.ClojureTypes";
    /** Makes Clojure's handles of shared arrays. */
    public static final String CLOJURE_ARRAYS = "parallel.clojure.ClojureSharedArray$Maker";
    /** Keeps the shared arrays that a worker leaves to its parent. */
    public static final String HANDOVER_AT_EXIT = "parallel.shared.HandoverAtExit";
    /** Reads and writes references to shared memory. Registers itself when it is loaded. */
    public static final String SHARED_EXTENSION = "parallel.shared.SharedExtension";

    /** Finds deadlocks. Made as a {@code parallel.runtime.DeadlockWatch}. */
    public static final String DEADLOCK_WATCH = "parallel.look.DeadlockLook";

    private ByName()
    {
    }

    /**
     * Makes an instance, with the public constructor without arguments.
     *
     * @param className one of the names here.
     * @param type      that it has.
     * @param <T>       the same.
     * @return a new instance.
     * @throws ReflectiveOperationException if the class is not on the class path, or its constructor throws.
     */
    public static <T> T make(String className, Class<T> type) throws ReflectiveOperationException
    {
        return type.cast(load(className).getConstructor().newInstance());
    }

    // Loads the class and initializes it.
    static Class<?> load(String className) throws ClassNotFoundException
    {
        return Class.forName(className, true, ByName.class.getClassLoader());
    }
}
