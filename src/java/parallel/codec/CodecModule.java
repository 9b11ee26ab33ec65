package parallel.codec;

/**
 * A family of types of another language on the JVM, with its own range of tags.
 * <p>
 * There is one: {@code parallel.clojure.ClojureTypes}, found by name when Clojure is on the class path. It is not
 * loaded before a class or a tag comes by that the codec itself does not know. Safe from any thread.
 */
public interface CodecModule
{
    /**
     * The writer of a class.
     *
     * @param type of a value that is about to be written.
     * @return its writer; null if the class is none of this family.
     */
    TypeWriter writer(Class<?> type);

    /**
     * Reads a value whose tag is between {@link Tags#MODULE_FIRST} and {@link Tags#MODULE_LAST}.
     *
     * @param in  stands behind the tag.
     * @param tag the one read.
     * @return the value.
     * @throws UnserializableException if the tag is unknown or what follows makes no sense.
     */
    Object read(Decoder in, int tag);

    /**
     * Finds a class that the ordinary class loaders do not know, without initialising it.
     *
     * @param name as {@link Class#getName()}.
     * @return the class; null if there is none.
     */
    Class<?> find(String name);

    /**
     * Makes a task see the calling thread's dynamic bindings in another thread.
     *
     * @param task to be run elsewhere.
     * @return the task to run there.
     */
    Runnable bound(Runnable task);
}
