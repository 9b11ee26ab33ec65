package parallel.look;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Stacks as a flame graph: one file of SVG, which needs nothing else. The width of a frame is its part of the samples;
 * a click shows it and what it calls at the whole width, and a search marks frames. What frames are called is text.
 */
public final class FlameFile
{
    private static final String SCRIPT = "flame.js";
    private static final int WIDTH = 1200;
    private static final int MARGIN = 10;
    private static final int TOP = 60;
    private static final int ROW = 17;
    private static final int BAR = 16;
    private static final int HUES = 40;
    private static final double CHARACTER = 7.2;
    /** Of the width: a frame that is narrower is left out. */
    private static final double LEAST = 0.001;
    private static final int MOST_BYTES = 480_000;
    private static final int MOST_NAME = 200;
    /** A recorder's stacks are of 256. */
    private static final int MOST_DEPTH = 300;
    private static final String ALL = "all";
    private static final String STYLE = "g.f rect{stroke:#fff;stroke-width:.5}g.f:hover rect{stroke:#000}" +
        "g.f{cursor:pointer}g.f text{pointer-events:none}g.found rect{fill:#c050f0}#all,#find{cursor:pointer;" +
        "text-decoration:underline}";
    private static final String PROLOG = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    private static final String NAMESPACE = " xmlns=\"http://www.w3.org/2000/svg\"";

    private final long total;
    private final double least;
    private final StringBuilder frames = new StringBuilder();
    private int depth;

    /** A frame, with those that it calls, by their names. */
    private static final class Node
    {
        private final Map<String, Node> calls = new TreeMap<>();
        private long count;

        private void add(String[] stack, long samples)
        {
            Node node = this;
            node.count += samples;
            for (String name : stack)
            {
                node = node.calls.computeIfAbsent(name, key -> new Node());
                node.count += samples;
            }
        }
    }

    private FlameFile(long total, double least)
    {
        this.total = total;
        this.least = least;
    }

    /**
     * Writes it.
     *
     * @param path   is overwritten.
     * @param stacks how often each was seen; frames are separated by semicolons, the outermost comes first.
     */
    public static void write(Path path, Map<String, Long> stacks)
    {
        TextFile.write("flame graph", path, PROLOG + whole(stacks));
    }

    /**
     * The same as a document of HTML, which needs no name of a namespace.
     *
     * @param stacks how often each was seen.
     * @return HTML.
     */
    static String html(Map<String, Long> stacks)
    {
        return whole(stacks).replace(NAMESPACE, "");
    }

    /**
     * The graph alone, for a server whose pages have nothing inline: it serves {@link #style} and {@link #script}
     * beside it.
     *
     * @param stacks how often each was seen.
     * @return SVG, which may stand in HTML.
     */
    public static String bare(Map<String, Long> stacks)
    {
        return svg(stacks, "", "");
    }

    /**
     * The style of a bare one.
     *
     * @return CSS.
     */
    public static String style()
    {
        return STYLE;
    }

    /**
     * The script of a bare one.
     *
     * @return JavaScript.
     */
    public static String script()
    {
        return Resources.text(SCRIPT);
    }

    private static String whole(Map<String, Long> stacks)
    {
        return svg(stacks, "<style>" + STYLE + "</style>\n", "<script><![CDATA[\n" + script() + "]]></script>\n");
    }

    private static String svg(Map<String, Long> stacks, String style, String script)
    {
        Node root = new Node();
        stacks.forEach((stack, count) -> root.add(stack.split(";"), count));
        String text;
        double least = LEAST;
        do
        {
            text = new FlameFile(root.count, least).svg(root, style, script);
            least *= 2;
        }
        while (text.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES);
        return text;
    }

    private String svg(Node root, String style, String script)
    {
        add(ALL, root, 0, 0);
        int height = TOP + depth * ROW + MARGIN;
        return "<svg" + NAMESPACE + " width=\"" +
            WIDTH + "\" height=\"" + height + "\" viewBox=\"0 0 " + WIDTH + " " + height +
            "\" font-family=\"monospace\" font-size=\"12\">\n" +
            style + "<rect width=\"100%\" height=\"100%\" fill=\"#f8f8f4\"/>\n" +
            "<text x=\"10\" y=\"20\" font-size=\"15\">" + total + " samples of 10 ms</text>\n" +
            "<text id=\"all\" x=\"900\" y=\"20\">whole graph</text>\n" +
            "<text id=\"find\" x=\"1010\" y=\"20\">search</text>\n" +
            "<text id=\"said\" x=\"10\" y=\"42\"> </text>\n<g id=\"frames\">\n" + frames +
            "</g>\n" + script + "</svg>\n";
    }

    private void add(String name, Node node, long before, int level)
    {
        double part = total == 0 ? 1 : (double)node.count / total;
        if (part < least || level > MOST_DEPTH)
        {
            return;
        }
        depth = Math.max(depth, level + 1);
        double x = MARGIN + (total == 0 ? 0 : (double)before / total) * (WIDTH - 2 * MARGIN);
        double width = part * (WIDTH - 2 * MARGIN);
        int y = TOP + level * ROW;
        String shown = escaped(shortened(name, MOST_NAME));
        frames.append(String.format(Locale.ROOT, "<g class=\"f\"><title>%s (%d samples, %.2f %%)</title>" +
            "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", shown, node.count, part * 100, x, y,
            width, BAR, colour(name)));
        int fits = (int)((width - 6) / CHARACTER);
        if (fits >= 3)
        {
            frames.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%d\">%s</text>", x + 3, y + 12,
                escaped(shortened(name, fits))));
        }
        frames.append("</g>\n");
        long at = before;
        for (Map.Entry<String, Node> call : node.calls.entrySet())
        {
            add(call.getKey(), call.getValue(), at, level + 1);
            at += call.getValue().count;
        }
    }

    /** Waits are blue, Clojure is green, Java is orange; one name has one colour. */
    private static String colour(String name)
    {
        int shade = Math.floorMod(name.hashCode(), HUES);
        return name.startsWith("[waits: ") ? "hsl(" + (200 + shade / 2) + ",60%,75%)" :
            name.indexOf('/') > 0 ? "hsl(" + (90 + shade) + ",50%,70%)" : "hsl(" + (20 + shade / 2) + ",85%,70%)";
    }

    private static String shortened(String name, int most)
    {
        return name.length() <= most ? name : name.substring(0, Math.max(1, most - 2)) + "..";
    }

    /** What XML cannot have becomes a question mark. */
    private static String escaped(String text)
    {
        StringBuilder escaped = new StringBuilder();
        text.codePoints().forEach(c ->
        {
            switch (c)
            {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                default -> escaped.appendCodePoint(isOfXml(c) ? c : '?');
            }
        });
        return escaped.toString();
    }

    private static boolean isOfXml(int c)
    {
        return c >= ' ' && c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE && c < 0xfffe || c > 0xffff;
    }
}
