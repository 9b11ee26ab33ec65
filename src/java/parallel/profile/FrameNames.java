package parallel.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** What frames are called, and whose they are. Names of Clojure are as they are in its source. */
final class FrameNames
{
    private static final Set<String> CALLS =
        Set.of("invoke", "invokeStatic", "invokePrim", "doInvoke", "applyTo", "call", "run", "reduce", "seq");
    private static final Pattern COUNTED = Pattern.compile("(fn|eval|reify|iter)_*\\d+(_auto_*)?(_*\\d+)*");
    private static final Pattern HIDDEN = Pattern.compile("(\\$\\$Lambda)?(\\$\\d+)?[/+.]0x[0-9a-f]+(\\.\\d+)?");
    /** As clojure.lang.Compiler has them; longer ones before those that they begin with. */
    private static final List<Map.Entry<String, String>> MUNGED = List.of(
        Map.entry("_SINGLEQUOTE_", "'"), Map.entry("_DOUBLEQUOTE_", "\""), Map.entry("_PERCENT_", "%"),
        Map.entry("_AMPERSAND_", "&"), Map.entry("_CIRCUMFLEX_", "^"), Map.entry("_QMARK_", "?"),
        Map.entry("_BANG_", "!"), Map.entry("_COLON_", ":"), Map.entry("_PLUS_", "+"), Map.entry("_STAR_", "*"),
        Map.entry("_TILDE_", "~"), Map.entry("_SHARP_", "#"), Map.entry("_CARET_", "^"), Map.entry("_SLASH_", "/"),
        Map.entry("_BSLASH_", "\\"), Map.entry("_LBRACE_", "{"), Map.entry("_RBRACE_", "}"), Map.entry("_LBRACK_", "["),
        Map.entry("_RBRACK_", "]"), Map.entry("_BAR_", "|"), Map.entry("_GT_", ">"), Map.entry("_LT_", "<"),
        Map.entry("_EQ_", "="), Map.entry("_CIRCA_", "@"), Map.entry("_", "-"));

    private static final List<String> OF_JDK = List.of("java.", "javax.", "jdk.", "sun.", "com.sun.");
    /** The rooms of the library. Its functions have another name: a call of one says what its caller waits for. */
    private static final Pattern OF_LIBRARY = Pattern.compile("parallel\\.[a-z]+\\.[A-Z].*");
    /** What lies between a thread and the code of users. */
    private static final List<String> PLUMBING =
        List.of("clojure.lang.", "clojure.core$", "parallel.impl.", "parallel.pool_");

    /**
     * A frame as the JVM has it.
     *
     * @param type   the name of the class.
     * @param method the name of the method.
     */
    record Frame(String type, String method)
    {
        boolean isOfJdk()
        {
            return OF_JDK.stream().anyMatch(type::startsWith);
        }

        boolean isOfLibrary()
        {
            return OF_LIBRARY.matcher(type).matches();
        }

        boolean isPlumbing()
        {
            return isOfJdk() || isOfLibrary() || PLUMBING.stream().anyMatch(type::startsWith);
        }

        /** A Clojure function calls its own static method where it is called as an object. */
        boolean calls(Frame inner)
        {
            return type.equals(inner.type) && CALLS.contains(method) && !method.equals("invokeStatic") &&
                inner.method.startsWith("invoke") && !inner.method.equals(method);
        }
    }

    private FrameNames()
    {
    }

    /**
     * Names a stack.
     *
     * @param frames the innermost first.
     * @return the names, the outermost first, from where the code of users begins; of a stack without any all of them.
     */
    static String folded(List<Frame> frames)
    {
        int begin = frames.size();
        while (begin > 0 && frames.get(begin - 1).isPlumbing())
        {
            begin--;
        }
        begin = begin == 0 ? frames.size() : begin;
        List<String> names = new ArrayList<>();
        for (int i = begin - 1; i >= 0; i--)
        {
            if (i == 0 || !frames.get(i).calls(frames.get(i - 1)))
            {
                names.add(name(frames.get(i)));
            }
        }
        return String.join(";", names);
    }

    static String name(Frame frame)
    {
        String type = HIDDEN.matcher(frame.type).replaceAll("\\$\\$Lambda");
        int dollar = type.indexOf('$');
        String name = dollar > 0 && isOfClojure(type, dollar) ?
            ofClojure(type) + (CALLS.contains(frame.method) ? "" : "." + demunged(frame.method)) :
            type + "." + frame.method;
        return name.replace(';', ',').replaceAll("\\s", " ");
    }

    /** Namespaces are in lower case by custom, classes are not; that of a function is in one. */
    private static boolean isOfClojure(String type, int dollar)
    {
        return !Character.isUpperCase(type.charAt(type.lastIndexOf('.', dollar) + 1)) && !type.contains("$$Lambda");
    }

    private static String ofClojure(String type)
    {
        String[] parts = type.split("\\$");
        StringBuilder name = new StringBuilder();
        for (String part : parts)
        {
            name.append(name.length() == 0 ? "" : "/").append(demunged(COUNTED.matcher(part).matches() ?
                COUNTED.matcher(part).replaceAll("$1") : part.replaceAll("__\\d+$", "")));
        }
        return name.toString();
    }

    private static String demunged(String name)
    {
        String text = name;
        if (text.indexOf('_') >= 0)
        {
            for (Map.Entry<String, String> each : MUNGED)
            {
                text = text.replace(each.getKey(), each.getValue());
            }
        }
        return text;
    }
}
