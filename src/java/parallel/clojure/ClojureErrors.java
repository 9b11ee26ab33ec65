package parallel.clojure;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import clojure.lang.ExceptionInfo;
import clojure.lang.IPersistentMap;
import clojure.lang.IPersistentVector;
import clojure.lang.Keyword;
import clojure.lang.PersistentArrayMap;
import clojure.lang.PersistentHashMap;
import clojure.lang.PersistentVector;
import clojure.lang.RT;
import clojure.lang.Symbol;

import parallel.ParallelException;
import parallel.WaitStatus;
import parallel.WorkerStatus;

/**
 * Errors and statuses of the core as Clojure data.
 */
public final class ClojureErrors
{
    private static final Keyword ERROR = Keyword.intern("parallel", "error");

    private ClojureErrors()
    {
    }

    /**
     * The error as {@code parallel.api} throws it.
     *
     * @param e of the core; becomes the cause.
     * @return an ExceptionInfo with {@code :parallel/error} and the facts.
     */
    public static ExceptionInfo exInfo(ParallelException e)
    {
        IPersistentMap data = PersistentHashMap.EMPTY.assoc(ERROR, keyword(e.code().name()));
        for (Map.Entry<String, Object> fact : e.data().entrySet())
        {
            data = data.assoc(Keyword.intern(fact.getKey()), fact(fact.getKey(), fact.getValue()));
        }
        ExceptionInfo info = new ExceptionInfo(e.getMessage(), data, e);
        info.setStackTrace(e.getStackTrace());
        return info;
    }

    private static Object fact(String name, Object value)
    {
        if (name.equals("signal") || name.equals("why"))
        {
            return keyword((String)value);
        }
        if (value instanceof ParallelException e)
        {
            return exInfo(e);
        }
        if (value instanceof StackTraceElement f)
        {
            return RT.vector(Symbol.intern(f.getClassName()), Symbol.intern(f.getMethodName()), f.getFileName(),
                f.getLineNumber());
        }
        if (value instanceof WaitStatus wait)
        {
            return wait(wait);
        }
        if (value instanceof WorkerStatus status)
        {
            return status(status);
        }
        if (name.startsWith("last-") && value instanceof Map<?, ?> last)
        {
            return RT.map(key("bytes"), last.get("bytes"), key("at-ms"), last.get("at-ms"));
        }
        if (name.equals("under-way") && value instanceof Map<?, ?> open)
        {
            return RT.map(key("kind"), keyword((String)open.get("kind")), key("name"), open.get("name"),
                key("index"), open.get("index"), key("from-ns"), open.get("from-ns"));
        }
        return value instanceof List<?> list && !(value instanceof IPersistentVector) ? vector(list) : value;
    }

    private static IPersistentVector vector(List<?> list)
    {
        IPersistentVector vector = PersistentVector.EMPTY;
        for (Object element : list)
        {
            vector = vector.cons(fact("", element));
        }
        return vector;
    }

    private static Keyword keyword(String constant)
    {
        return Keyword.intern(constant.toLowerCase(Locale.ROOT).replace('_', '-'));
    }

    /**
     * What a thread waits for, as a map.
     *
     * @param w of the core.
     * @return its keys; trace where there is one.
     */
    public static IPersistentMap wait(WaitStatus w)
    {
        IPersistentMap wait = PersistentArrayMap.createWithCheck(new Object[]{
            key("id"), w.id(), key("thread"), w.thread(), key("for"), keyword(w.kind().name()), key("on"),
            vector(w.on()), key("since-ms"), w.since().toMillis()});
        return w.trace().isEmpty() ? wait : wait.assoc(key("trace"), vector(w.trace()));
    }

    /**
     * A status as a map.
     *
     * @param s of the core.
     * @return all keys always present, in this order, nil where unknown; and stale where the code is.
     */
    public static IPersistentMap status(WorkerStatus s)
    {
        IPersistentMap status = PersistentArrayMap.createWithCheck(new Object[]{
            key("id"), s.id(), key("pid"), s.pid() == 0 ? null : s.pid(), key("parent"), s.parent(), key("name"),
                s.name(),
            key("state"), keyword(s.state().name()), key("started-at"), s.startedAt(), key("doing"), s.doing(),
            key("sent"), counts(s.messagesSent(), s.bytesSent()), key("received"),
            counts(s.messagesReceived(), s.bytesReceived()),
            key("queue"), counts(s.queuedMessages(), s.queuedBytes()), key("heap-bytes"), s.heapBytes() == 0 ? null :
            s.heapBytes(),
            key("exit"), s.exit().isPresent() ? (Object)s.exit().getAsInt() : null, key("signal"),
            s.signal().map(ClojureErrors::keyword).orElse(null), key("host"), s.host().orElse(null),
            key("age-ms"), s.age().map(Duration::toMillis).orElse(null),
            key("cpus"), s.cpus().isEmpty() ? null : vector(s.cpus().stream().map(Integer::longValue).toList()),
            key("nice"), s.nice().isPresent() ? (Object)(long)s.nice().getAsInt() : null});
        IPersistentVector stale = stale(s);
        return stale.length() == 0 ? status : status.assoc(key("stale"), stale);
    }

    /**
     * The namespaces of a worker that are older than the disk.
     *
     * @param s its status.
     * @return symbols; of a worker on a host, and of one that has ended, none.
     */
    public static IPersistentVector stale(WorkerStatus s)
    {
        List<String> names = s.pid() == 0 || s.host().isPresent() ? List.of() : SourceFiles.stale(s.pid());
        return vector(names.stream().map(Symbol::intern).toList());
    }

    private static Object counts(long messages, long bytes)
    {
        return RT.map(key("messages"), messages, key("bytes"), bytes);
    }

    private static Keyword key(String name)
    {
        return Keyword.intern(name);
    }
}
