package parallel.runtime;

/**
 * Words for people.
 */
public final class Text
{
    private Text()
    {
    }

    /**
     * At most so many characters.
     *
     * @param text any text.
     * @param most how many.
     * @return the text, or its beginning and an ellipsis.
     */
    public static String shortened(String text, int most)
    {
        return text.length() <= most ? text : text.substring(0, most) + "…";
    }

    /**
     * The label of a process's lines.
     *
     * @param id of the process.
     * @return such as {@code "<parallel#003> "}.
     */
    public static String label(int id)
    {
        final String digits = Integer.toString(id);
        return "<parallel#" + "0".repeat(Math.max(0, 3 - digits.length())) + digits + "> ";
    }
}
