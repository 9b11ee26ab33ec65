package parallel.control;

import java.util.List;
import java.util.function.Predicate;

import parallel.codec.ByName;

/**
 * What the core asks of Clojure, when it is on the class path. Implemented in {@code parallel.clojure}, which is found
 * by name, so that workers and callers without Clojure need none of it.
 */
public interface Language
{
    /** Of a worker's JVM: whether it loads changed namespaces again. */
    String RELOAD_PROPERTY = "parallel.reload";

    /** Loads what evaluation needs; from any thread, any number of times. */
    void load();

    /**
     * Loads what evaluation needs; called once on the evaluation thread, before the worker says that it is ready.
     *
     * @param ownProcess whether the process is the worker's alone, its streams included.
     */
    void prepare(boolean ownProcess);

    /**
     * Evaluates a work of the kind {@link Work#FORM}.
     *
     * @param work its decoded payload.
     * @return the value.
     * @throws Throwable what the code threw; {@link NotEvaluable} if it does not read, expand or compile.
     */
    Object evaluate(Object work) throws Throwable;

    /**
     * A work that takes a message from its parent, gives one back and prints: what a worker does.
     *
     * @return its payload; evaluating it leaves nothing behind.
     */
    byte[] typicalWork();

    /**
     * The text of a work.
     *
     * @param work its decoded payload.
     * @return the text, some thousand characters at most.
     */
    String describe(Object work);

    /**
     * Returns what stands for a peer in a message.
     *
     * @param id the peer's.
     * @return {@code {:worker/id n}}.
     */
    Object reference(int id);

    /**
     * The data that an exception carries.
     *
     * @param e any exception.
     * @return the data, or null.
     */
    Object dataOf(Throwable e);

    /**
     * Prints a line where errors of the calling thread go.
     *
     * @param line without a newline.
     */
    void printError(String line);

    /**
     * Data of which some cannot be sent, without that.
     *
     * @param data    of an exception.
     * @param travels says of what it has whether that can be sent.
     * @return data of the same kind, with a word in place of each value that cannot.
     */
    Object travellingPart(Object data, Predicate<Object> travels);

    /**
     * An exception that carries data.
     *
     * @param message its message.
     * @param data    its data.
     * @param cause   its cause, or null.
     * @return the exception, or null if the data are not of a kind that exceptions carry.
     */
    Throwable withData(String message, Object data, Throwable cause);

    /**
     * Names of files of the class path, one of each library whose code every worker loads.
     *
     * @return the names.
     */
    List<String> resources();

    /**
     * The program that fills the start cache, in a process of its own.
     *
     * @return its class and its arguments.
     */
    List<String> startCacheProgram();

    /**
     * The language on the class path.
     *
     * @return Clojure's, or null if Clojure is not there.
     */
    static Language find()
    {
        return Found.LANGUAGE;
    }

    /** A value takes no arguments, and was given some. */
    final class BadArgument extends Exception
    {
        private static final long serialVersionUID = 1L;

        /**
         * @param message a sentence that says what was given to what.
         */
        public BadArgument(String message)
        {
            super(message);
        }
    }

    /** Code that does not read, expand or compile. */
    final class NotEvaluable extends Exception
    {
        private static final long serialVersionUID = 1L;

        /**
         * @param cause the compiler's word.
         */
        public NotEvaluable(Throwable cause)
        {
            super(cause);
        }
    }

    /** Looked up once, when first asked for. */
    final class Found
    {
        private static final Language LANGUAGE = find();

        private Found()
        {
        }

        private static Language find()
        {
            try
            {
                Class.forName("clojure.lang.RT", false, Found.class.getClassLoader());
                return ByName.make(ByName.CLOJURE_LANGUAGE, Language.class);
            }
            catch (ClassNotFoundException e)
            {
                return null;
            }
            catch (ReflectiveOperationException e)
            {
                throw new IllegalStateException("Clojure is on the class path, but its support does not load", e);
            }
        }
    }
}
