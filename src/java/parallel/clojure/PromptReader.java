package parallel.clojure;

import java.util.function.Consumer;

import clojure.lang.LineNumberingPushbackReader;

/**
 * What the prompt of clojure.main reads, with a listener to the text of each form. That prompt keeps the text of a form
 * while it reads it, and asks for it before it evaluates the form. Used by the one thread that reads.
 */
public final class PromptReader extends LineNumberingPushbackReader
{
    private final Consumer<String> listener;

    /**
     * @param source   what was read before; nobody else may read it from now on.
     * @param listener called by the thread that reads, with what a form was read from.
     */
    public PromptReader(LineNumberingPushbackReader source, Consumer<String> listener)
    {
        super(source);
        this.listener = listener;
    }

    @Override
    public String getString()
    {
        String text = super.getString();
        if (text != null)
        {
            listener.accept(text);
        }
        return text;
    }
}
