package parallel.look;

import java.util.Map;

/**
 * Data as JSON, in ASCII: whatever a text holds, it ends neither a string nor a script element, and no address can be
 * read out of it.
 */
public final class Json
{
    private static final char UNKNOWN = '\ufffd';
    private static final String PLAIN = " !#$%'()*+,-.;=?@[]^_`{|}~";

    private Json()
    {
    }

    /**
     * Writes a value.
     *
     * @param out   is added to.
     * @param value null, a boolean, a whole number, a double that is finite, a text, or a Map or Iterable of these.
     */
    public static void write(StringBuilder out, Object value)
    {
        if (value instanceof Map<?, ?> map)
        {
            writeMap(out, map);
        }
        else if (value instanceof Iterable<?> values)
        {
            writeAll(out, values);
        }
        else if (value == null || value instanceof Number || value instanceof Boolean)
        {
            out.append(value);
        }
        else
        {
            writeText(out, value.toString());
        }
    }

    private static void writeMap(StringBuilder out, Map<?, ?> map)
    {
        String before = "{";
        for (Map.Entry<?, ?> entry : map.entrySet())
        {
            out.append(before);
            writeText(out, entry.getKey().toString());
            out.append(':');
            write(out, entry.getValue());
            before = ",";
        }
        out.append(map.isEmpty() ? "{}" : "}");
    }

    private static void writeAll(StringBuilder out, Iterable<?> values)
    {
        out.append('[');
        String before = "";
        for (Object value : values)
        {
            out.append(before);
            write(out, value);
            before = ",";
        }
        out.append(']');
    }

    /** Of a character of two halves, the other of which is missing: many readers take no text that has one. */
    private static boolean isHalf(String text, int at)
    {
        char c = text.charAt(at);
        char before = at == 0 ? 0 : text.charAt(at - 1);
        char after = at + 1 == text.length() ? 0 : text.charAt(at + 1);
        return Character.isHighSurrogate(c) && !Character.isLowSurrogate(after) ||
            Character.isLowSurrogate(c) && !Character.isHighSurrogate(before);
    }

    private static void writeText(StringBuilder out, String text)
    {
        out.append('"');
        for (int i = 0; i < text.length(); i++)
        {
            char c = text.charAt(i);
            if (c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || PLAIN.indexOf(c) >= 0)
            {
                out.append(c);
            }
            else
            {
                writeEscaped(out, isHalf(text, i) ? UNKNOWN : c);
            }
        }
        out.append('"');
    }

    private static void writeEscaped(StringBuilder out, char c)
    {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4)
        {
            out.append(Character.forDigit(c >> shift & 0xf, 16));
        }
    }
}
