package parallel.runtime;

import java.util.concurrent.Callable;
import java.util.function.Consumer;

import parallel.codec.Codec;

/**
 * One evaluation in a worker, done: the codec bytes of its value or of its error.
 *
 * @param failure class and message of what it threw; null if it threw nothing.
 * @param bytes   of the value or the error.
 */
public record Evaluation(String failure, byte[] bytes)
{
    private static final int MOST_TEXT = 4000;

    /**
     * Decodes and evaluates a job, on the calling thread.
     *
     * @param kind    of the job.
     * @param payload its codec bytes.
     * @param doing   gets the text of what is evaluated; or null.
     * @return what came of it; never throws.
     */
    static Evaluation of(byte kind, byte[] payload, Consumer<String> doing)
    {
        String text = null;
        try
        {
            final Prepared job = prepare(kind, payload);
            text = Text.shortened(job.text(), MOST_TEXT);
            if (doing != null)
            {
                doing.accept(text);
            }
            return new Evaluation(null, Codec.toBytes(job.body().evaluate()));
        }
        catch (final Language.NotEvaluable e)
        {
            return failure(e.getCause(), RemoteError.Phase.NOT_EVALUABLE, text);
        }
        catch (final parallel.codec.NotTransferableException e)
        {
            return failure(e, RemoteError.Phase.NOT_TRANSFERABLE, text);
        }
        catch (final Throwable e)
        {
            return failure(e, RemoteError.Phase.THREW, text);
        }
    }

    private interface Body
    {
        Object evaluate() throws Throwable;
    }

    private record Prepared(String text, Body body)
    {
    }

    private static Prepared prepare(byte kind, byte[] payload) throws ReflectiveOperationException, Language.NotEvaluable
    {
        switch (kind)
        {
            case Job.FORM:
                final Language language = Language.find();
                if (language == null)
                {
                    throw new Language.NotEvaluable(new ClassNotFoundException("clojure.lang.RT: this worker's class path has no Clojure"));
                }
                final Object form = Codec.fromBytes(payload);
                return new Prepared(language.describe(form), () -> language.evaluate(form));
            case Job.CLASS:
                final ClassBody body = ClassBody.decode(payload);
                return new Prepared(body.className(), body::call);
            default:
                final Callable<?> callable = (Callable<?>)Codec.bodyFromBytes(payload, Thread.currentThread().getContextClassLoader());
                return new Prepared(callable.getClass().getName(), callable::call);
        }
    }

    boolean failed()
    {
        return failure != null;
    }

    private static String text(Throwable e)
    {
        return Text.shortened(e.getClass().getName() + ": " + e.getMessage(), MOST_TEXT);
    }

    /**
     * An evaluation that threw.
     *
     * @param e     what it threw.
     * @param phase how the parent is to report it.
     * @param doing the text of what was evaluated, or null.
     * @return the evaluation; never throws.
     */
    public static Evaluation failure(Throwable e, RemoteError.Phase phase, String doing)
    {
        try
        {
            return new Evaluation(text(e), RemoteError.encode(e, phase, doing));
        }
        catch (final Throwable second)
        {
            return new Evaluation(e.getClass().getName(), RemoteError.encode(new IllegalStateException(e.getClass().getName() + ", and it cannot be described: " +
                second.getClass().getName()), phase, null));
        }
    }
}
