package parallel.dashboard;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import com.sun.net.httpserver.Headers;

/**
 * What is asked of every request, before anything else: that it was meant for this server, and that no page of another
 * origin has sent it. A page in the user's browser reaches the loopback interface, and a name of its own may point
 * there: so the header Host is as telling as the token.
 */
final class Gate
{
    static final int OK = 0;
    private static final int FORBIDDEN = 403;
    private static final int URI_TOO_LONG = 414;
    private static final int MISDIRECTED = 421;
    private static final int HEADERS_TOO_LARGE = 431;
    private static final int HTTP_PORT = 80;
    private static final int MOST_URI = 2048;
    private static final int MOST_HEADERS = 16_384;
    private static final Set<String> NAMES = Set.of("127.0.0.1", "localhost", "[::1]");
    private static final Set<String> OWN_SITE = Set.of("same-origin", "none");

    private final int port;

    Gate(int port)
    {
        this.port = port;
    }

    /**
     * What is against a request.
     *
     * @param uri     of its first line.
     * @param headers of it.
     * @return a code of HTTP; {@link #OK}: nothing.
     */
    int refusal(URI uri, Headers headers)
    {
        if (uri.getRawAuthority() != null || !isOurs(headers.get("Host"), ""))
        {
            return MISDIRECTED;
        }
        if (headers.containsKey("Origin") && !isOurs(headers.get("Origin"), "http://") || !isOwnSite(headers))
        {
            return FORBIDDEN;
        }
        if (uri.toString().length() > MOST_URI)
        {
            return URI_TOO_LONG;
        }
        return size(headers) > MOST_HEADERS ? HEADERS_TOO_LARGE : OK;
    }

    private boolean isOurs(List<String> values, String before)
    {
        if (values == null || values.size() != 1 || values.get(0) == null)
        {
            return false;
        }
        String value = values.get(0).toLowerCase(Locale.ROOT);
        return NAMES.stream().anyMatch(name -> value.equals(before + name + ":" + port) ||
            port == HTTP_PORT && value.equals(before + name));
    }

    private static boolean isOwnSite(Headers headers)
    {
        List<String> values = headers.get("Sec-Fetch-Site");
        return values == null || values.size() == 1 && OWN_SITE.contains(values.get(0));
    }

    private static int size(Headers headers)
    {
        int size = 0;
        for (Map.Entry<String, List<String>> header : headers.entrySet())
        {
            for (String value : header.getValue())
            {
                size += header.getKey().length() + (value == null ? 0 : value.length());
            }
        }
        return size;
    }
}
