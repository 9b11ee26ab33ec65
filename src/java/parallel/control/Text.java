package parallel.control;

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
     * The first line of a message as a string literal, so that a handle prints why it failed in one line.
     *
     * @param message any text, or null.
     * @return at most 160 characters of it, in quotes.
     */
    public static String quoted(String message)
    {
        String line = String.valueOf(message).lines().findFirst().orElse("");
        return '"' + shortened(line, 160).replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    /**
     * The label of a process's lines.
     *
     * @param id of the process.
     * @return such as {@code "<parallel#003> "}.
     */
    public static String label(int id)
    {
        String digits = Integer.toString(id);
        return "<parallel#" + "0".repeat(Math.max(0, 3 - digits.length())) + digits + "> ";
    }
}
