package parallel.runtime;

import java.util.List;
import java.util.function.Predicate;

/**
 * What the core asks of Clojure, when it is on the class path. Implemented in {@code parallel.clojure}, which is found by
 * name, so that workers and callers without Clojure need none of it.
 */
public interface Language
{
    /** Loads what evaluation needs; from any thread, any number of times. */
    void load();

    /**
     * Loads what evaluation needs; called once on the evaluation thread, before the worker says that it is ready.
     *
     * @param ownProcess whether the process is the worker's alone, its streams included.
     */
    void prepare(boolean ownProcess);

    /**
     * Evaluates a job of the kind {@link Job#FORM}.
     *
     * @param job its decoded payload.
     * @return the value.
     * @throws Throwable what the code threw; {@link NotEvaluable} if it does not read, expand or compile.
     */
    Object evaluate(Object job) throws Throwable;

    /**
     * A job that takes a message from its parent, gives one back and prints: what a worker does.
     *
     * @return its payload; evaluating it leaves nothing behind.
     */
    byte[] typicalJob();

    /**
     * The text of a job.
     *
     * @param job its decoded payload.
     * @return the text, some thousand characters at most.
     */
    String describe(Object job);

    /**
     * What a peer travels as.
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
     * Data of which some cannot travel, without that.
     *
     * @param data    of an exception.
     * @param travels says of what it has whether that can travel.
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
                return (Language)Class.forName("parallel.clojure.ClojureLanguage").getDeclaredConstructor().newInstance();
            }
            catch (final ClassNotFoundException e)
            {
                return null;
            }
            catch (final ReflectiveOperationException e)
            {
                throw new IllegalStateException("Clojure is on the class path, but its support does not load", e);
            }
        }
    }
}
