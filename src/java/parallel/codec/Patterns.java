package parallel.codec;

import java.util.regex.Pattern;

/** Regular expressions of others are compiled with care: a few bytes must not cost seconds. */
final class Patterns
{
    private static final int MAX_MARKS = 4;

    private Patterns()
    {
    }

    static Pattern read(Decoder in)
    {
        int flags = in.i32();
        String text = in.string();
        if ((flags & Pattern.CANON_EQ) != 0 && longestRunOfMarks(text) > MAX_MARKS)
        {
            throw UnserializableException.unreadable(Pattern.class.getName(),
                "The message has a regex with CANON_EQ and more than " +
                MAX_MARKS + " combining marks in a row: the JDK would try all their permutations.", null);
        }
        return Pattern.compile(text, flags);
    }

    private static int longestRunOfMarks(String text)
    {
        int longest = 0;
        int run = 0;
        for (int i = 0; i < text.length(); i++)
        {
            int type = Character.getType(text.charAt(i));
            run = type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK ||
                type == Character.ENCLOSING_MARK || type == Character.SURROGATE ? run + 1 : 0;
            longest = Math.max(longest, run);
        }
        return longest;
    }
}
