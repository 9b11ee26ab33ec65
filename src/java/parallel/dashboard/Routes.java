package parallel.dashboard;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;

import parallel.WorkerStatus;
import parallel.look.FlameFile;
import parallel.look.Json;
import parallel.look.ReportFile;
import parallel.look.Resources;
import parallel.look.Timelines;
import parallel.look.TraceFile;
import parallel.runtime.Children;
import parallel.runtime.EndedWorkers;
import parallel.runtime.WorkerHandle;

/**
 * Answers requests. Whatever is asked for: first the {@link Gate}, then the method, then token or cookie, and only then
 * what it is.
 *
 * <pre>
 *   GET  /               the page, and once with ?token= the cookie
 *   GET  /dashboard.js /dashboard.css /icon.svg
 *   GET  /events         snapshots, as server-sent events
 *   GET  /threads?id=3   the stacks of a worker's threads
 *   GET  /output?id=3    what a worker has printed last
 *   GET  /flame          the flame graph of the last profile, a page; ?id=3: of one worker
 *   GET  /flame.svg      the graph alone, a picture
 *   GET  /flame.js /flame.css
 *   GET  /report /trace  what report! and trace! write
 *   POST /action         where actions are allowed
 * </pre>
 */
final class Routes implements HttpHandler
{
    private static final int OK = 200;
    private static final int SEE_OTHER = 303;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int NOT_ALLOWED = 405;
    private static final int TOO_LARGE = 413;
    private static final int BUSY = 503;
    private static final int MOST_BODY = 1024;
    private static final long TO_ANSWER_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long THREADS_MS = 1000;
    private static final String PLACE_OF_TOKEN = "{place of the token}";
    private static final String PLACE_OF_GRAPH = "{place of the graph}";
    private static final String RESOURCES = "dashboard/";
    private static final Map<String, String> TYPES = Map.of("html", "text/html; charset=utf-8",
        "js", "text/javascript; charset=utf-8", "css", "text/css; charset=utf-8", "svg", "image/svg+xml");
    private static final Map<Integer, String> REASONS = Map.of(
        NOT_FOUND, "There is nothing here.",
        BUSY, "Too many pages watch this dashboard, or too many requests are open. Close some.",
        FORBIDDEN, "This address is not valid. Get a new one: the :url of the dashboard, or its url() in Java. " +
            "Each can be used once.");

    private final Gate gate;
    private final Keys keys;
    private final Pulse pulse;
    private final Actions actions;

    /** Without actions where these are null. */
    Routes(Gate gate, Keys keys, Pulse pulse, Actions actions)
    {
        this.gate = gate;
        this.keys = keys;
        this.pulse = pulse;
        this.actions = actions;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException
    {
        try
        {
            Headers headers = exchange.getResponseHeaders();
            headers.set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'");
            headers.set("Cache-Control", "no-store");
            headers.set("X-Content-Type-Options", "nosniff");
            headers.set("Referrer-Policy", "no-referrer");
            answer(exchange);
        }
        finally
        {
            exchange.close();
        }
    }

    private void answer(HttpExchange exchange) throws IOException
    {
        int refusal = gate.refusal(exchange.getRequestURI(), exchange.getRequestHeaders());
        String method = exchange.getRequestMethod();
        String path = exchange.getRequestURI().getRawPath();
        if (refusal != Gate.OK)
        {
            refuse(exchange, refusal);
        }
        else if (!method.equals("GET") && !method.equals("POST"))
        {
            refuse(exchange, NOT_ALLOWED);
        }
        else if (method.equals("GET") && path.equals("/") && exchange.getRequestURI().getRawQuery() != null)
        {
            enter(exchange);
        }
        else if (!keys.isCookie(cookie(exchange)))
        {
            refuse(exchange, FORBIDDEN);
        }
        else if (method.equals("POST"))
        {
            post(exchange, path);
        }
        else
        {
            get(exchange, path);
        }
    }

    /** A token is good once; the page's address is then without it. Who is in already stays so. */
    private void enter(HttpExchange exchange) throws IOException
    {
        String cookie = keys.exchange(fields(exchange.getRequestURI().getRawQuery()).get("token"),
            () -> SocketOwner.isOurs(exchange.getRemoteAddress(), exchange.getLocalAddress().getPort()));
        if (cookie != null)
        {
            exchange.getResponseHeaders().set("Set-Cookie",
                cookieName(exchange) + "=" + cookie + "; HttpOnly; SameSite=Strict; Path=/");
        }
        else if (!keys.isCookie(cookie(exchange)))
        {
            refuse(exchange, FORBIDDEN);
            return;
        }
        exchange.getResponseHeaders().set("Location", "/");
        exchange.sendResponseHeaders(SEE_OTHER, -1);
    }

    private void get(HttpExchange exchange, String path) throws IOException
    {
        pulse.threads().turn().within(TO_ANSWER_NANOS);
        switch (path)
        {
            case "/" -> send(exchange, TYPES.get("html"), resource("dashboard.html").replace(PLACE_OF_TOKEN,
                actions == null ? "" : actions.token()));
            case "/dashboard.js" -> send(exchange, TYPES.get("js"), resource("dashboard.js"));
            case "/dashboard.css" -> send(exchange, TYPES.get("css"), resource("dashboard.css"));
            case "/icon.svg" -> send(exchange, TYPES.get("svg"), resource("icon.svg"));
            case "/events" -> watch(exchange);
            case "/threads" -> threads(exchange);
            case "/output" -> output(exchange);
            case "/flame", "/flame.svg" -> flame(exchange, path);
            case "/flame.js" -> send(exchange, TYPES.get("js"), FlameFile.script());
            case "/flame.css" -> send(exchange, TYPES.get("css"), FlameFile.style());
            case "/report" -> download(exchange, "report.html",
                ReportFile.text(workers(), EndedWorkers.last(), Timelines.all(pulse.context())));
            case "/trace" -> download(exchange, "trace.json",
                TraceFile.text(workers(), Timelines.all(pulse.context())));
            case "/action" -> refuse(exchange, actions == null ? NOT_FOUND : NOT_ALLOWED);
            default -> refuse(exchange, NOT_FOUND);
        }
    }

    private List<WorkerStatus> workers()
    {
        return Children.of(pulse.context()).descendants();
    }

    private void post(HttpExchange exchange, String path) throws IOException
    {
        if (!path.equals("/action") || actions == null)
        {
            refuse(exchange, path.equals("/action") ? NOT_FOUND : NOT_ALLOWED);
            return;
        }
        byte[] body = exchange.getRequestBody().readNBytes(MOST_BODY + 1);
        if (body.length > MOST_BODY)
        {
            refuse(exchange, TOO_LARGE);
            return;
        }
        pulse.threads().turn().within(TO_ANSWER_NANOS);
        int code = actions.begin(exchange.getRequestHeaders().getFirst("X-Parallel-Token"),
            fields(new String(body, StandardCharsets.UTF_8)));
        if (code / 100 == 2)
        {
            exchange.sendResponseHeaders(code, -1);
        }
        else
        {
            refuse(exchange, code);
        }
    }

    private void watch(HttpExchange exchange) throws IOException
    {
        Watcher watcher = pulse.watch();
        if (watcher == null)
        {
            refuse(exchange, BUSY);
            return;
        }
        try
        {
            exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
            exchange.sendResponseHeaders(OK, 0);
            watcher.serve(exchange.getResponseBody(), pulse.threads().turn());
        }
        finally
        {
            pulse.leave(watcher);
        }
    }

    /** The one route that asks a worker, for a second at most: one that is stopped does not answer. */
    private void threads(HttpExchange exchange) throws IOException
    {
        String id = fields(exchange.getRequestURI().getRawQuery()).get("id");
        Optional<WorkerHandle> worker = Children.of(pulse.context()).all().stream()
            .filter(child -> String.valueOf(child.id()).equals(id)).findFirst();
        if (worker.isEmpty())
        {
            refuse(exchange, NOT_FOUND);
            return;
        }
        try
        {
            String threads = worker.get().threads(THREADS_MS);
            send(exchange, "text/plain; charset=utf-8", threads == null ? "It does not answer." : threads);
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();         // the dashboard is closed
        }
    }

    private void output(HttpExchange exchange) throws IOException
    {
        String id = fields(exchange.getRequestURI().getRawQuery()).get("id");
        if (id == null || !id.matches("[0-9]{1,9}"))
        {
            refuse(exchange, NOT_FOUND);
            return;
        }
        StringBuilder json = new StringBuilder();
        Json.write(json, Printed.lines(Children.of(pulse.context()).all(), Integer.parseInt(id)));
        send(exchange, "application/json", json.toString());
    }

    /** What frames are called is escaped in it, and its script is the one that is served beside it. */
    private void flame(HttpExchange exchange, String path) throws IOException
    {
        Map<String, Long> stacks =
            pulse.profiles().stacks(fields(exchange.getRequestURI().getRawQuery()).get("id"));
        if (stacks == null)
        {
            refuse(exchange, NOT_FOUND);
            return;
        }
        String graph = FlameFile.bare(stacks);
        if (path.endsWith(".svg"))
        {
            send(exchange, TYPES.get("svg"), graph);
        }
        else
        {
            send(exchange, TYPES.get("html"), resource("flame.html").replace(PLACE_OF_GRAPH, graph));
        }
    }

    private static void download(HttpExchange exchange, String name, String text) throws IOException
    {
        exchange.getResponseHeaders().set("Content-Disposition", "attachment; filename=\"" + name + "\"");
        send(exchange, name.endsWith(".json") ? "application/json" : TYPES.get("html"), text);
    }

    private static void refuse(HttpExchange exchange, int code) throws IOException
    {
        if (code == NOT_ALLOWED)
        {
            exchange.getResponseHeaders().set("Allow", "GET, POST");
        }
        exchange.getResponseHeaders().set("Connection", "close");
        send(exchange, code, "text/plain; charset=utf-8", REASONS.getOrDefault(code, "Refused: " + code) + "\n");
    }

    private static void send(HttpExchange exchange, String type, String text) throws IOException
    {
        send(exchange, OK, type, text);
    }

    private static void send(HttpExchange exchange, int code, String type, String text) throws IOException
    {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        boolean hasBody = !exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(code, hasBody ? bytes.length : -1);
        if (hasBody)
        {
            exchange.getResponseBody().write(bytes);
        }
    }

    private static String resource(String name)
    {
        return Resources.text(RESOURCES + name);
    }

    /** Cookies know no port: the name tells the dashboards of a machine apart. */
    private static String cookieName(HttpExchange exchange)
    {
        return "parallel-" + exchange.getLocalAddress().getPort();
    }

    private static String cookie(HttpExchange exchange)
    {
        String start = cookieName(exchange) + "=";
        List<String> lines = exchange.getRequestHeaders().getOrDefault("Cookie", List.of());
        for (String line : lines)
        {
            for (String cookie : line.split(";"))
            {
                if (cookie.trim().startsWith(start))
                {
                    return cookie.trim().substring(start.length());
                }
            }
        }
        return "";
    }

    /** Of a query, or of the body of a form; the first of a name counts. */
    private static Map<String, String> fields(String text)
    {
        Map<String, String> fields = new HashMap<>();
        for (String field : (text == null ? "" : text).split("&"))
        {
            int at = field.indexOf('=');
            if (at > 0)
            {
                fields.putIfAbsent(field.substring(0, at), decoded(field.substring(at + 1)));
            }
        }
        return fields;
    }

    private static String decoded(String text)
    {
        try
        {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        }
        catch (IllegalArgumentException e)
        {
            return "";
        }
    }
}
