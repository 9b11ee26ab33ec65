package parallel.child;

import java.util.concurrent.Callable;
import java.util.function.Consumer;

import parallel.codec.Codec;
import parallel.codec.Throwables;
import parallel.codec.UnserializableException;
import parallel.control.ClassBody;
import parallel.control.Language;
import parallel.control.RemoteError;
import parallel.control.Text;
import parallel.control.Work;
import parallel.runtime.Context;

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
     * Decodes and evaluates a work, on the calling thread.
     *
     * @param kind    of the work.
     * @param payload its codec bytes.
     * @param doing   gets the text of what is evaluated; or null.
     * @return what came of it; never throws.
     */
    static Evaluation of(byte kind, byte[] payload, Consumer<String> doing)
    {
        String text = null;
        try
        {
            Prepared work = prepare(kind, payload);
            text = Text.shortened(work.text(), MOST_TEXT);
            if (doing != null)
            {
                doing.accept(text);
            }
            Object value = work.body().evaluate();
            return new Evaluation(null, Context.current().toParent(() -> Codec.toBytes(value)));
        }
        catch (Language.NotEvaluable e)
        {
            return failure(e.getCause(), RemoteError.Phase.NOT_EVALUABLE, text);
        }
        catch (Language.BadArgument e)
        {
            return failure(e, RemoteError.Phase.BAD_ARGUMENT, text);
        }
        catch (UnserializableException e)
        {
            return failure(e, RemoteError.Phase.NOT_TRANSFERABLE, text);
        }
        catch (Throwable e)
        {
            return failure(e, RemoteError.Phase.THREW, text);
        }
    }

    /** One that gave a value of the JDK's. */
    static Evaluation value(Object value)
    {
        return new Evaluation(null, Codec.toBytes(value));
    }

    private interface Body
    {
        Object evaluate() throws Throwable;
    }

    private record Prepared(String text, Body body)
    {
    }

    private static Prepared prepare(
        byte kind, byte[] payload) throws ReflectiveOperationException, Language.NotEvaluable
    {
        switch (kind)
        {
            case Work.FORM:
                Language language = Language.find();
                if (language == null)
                {
                    throw new Language.NotEvaluable(
                        new ClassNotFoundException("clojure.lang.RT: this worker's class path has no Clojure"));
                }
                Object form = Codec.fromBytes(payload);
                return new Prepared(language.describe(form), () -> language.evaluate(form));
            case Work.CLASS:
                ClassBody body = ClassBody.decode(payload);
                return new Prepared(body.className(), body::call);
            default:
                Callable<?> callable =
                    (Callable<?>)Codec.bodyFromBytes(payload, Thread.currentThread().getContextClassLoader());
                return new Prepared(Codec.describeBody(callable), callable::call);
        }
    }

    boolean failed()
    {
        return failure != null;
    }

    private static String text(Throwable e)
    {
        return Text.shortened(e.getClass().getName() + ": " + Throwables.message(e), MOST_TEXT);
    }

    /**
     * An evaluation that threw.
     *
     * @param e     what it threw.
     * @param phase how the parent is to report it.
     * @param doing the text of what was evaluated, or null.
     * @return the evaluation; never throws.
     */
    static Evaluation failure(Throwable e, RemoteError.Phase phase, String doing)
    {
        return new Evaluation(text(e), Context.current().toParent(() -> RemoteError.encode(e, phase, doing)));
    }
}
