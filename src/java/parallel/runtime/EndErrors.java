package parallel.runtime;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

import parallel.HostLostException;
import parallel.NotTransferableException;
import parallel.ParallelException;
import parallel.StartFailedException;
import parallel.WorkerDiedException;
import parallel.WorkerStatus;
import parallel.control.Errors;
import parallel.control.RemoteError;
import parallel.control.Text;
import parallel.transport.StatusPage;

/** The errors that say why a worker has ended or has not started, with what is known of it. */
public final class EndErrors
{
    private final ChannelPeer handle;
    private final Place place;
    private final StatusPage page;
    private final Supplier<WorkerStatus> status;
    private final Supplier<String> brokenOff;

    // status: as it is, or as it was when stop broke something off; brokenOff: what that was, or null.
    EndErrors(ChannelPeer handle, Place place, StatusPage page, Supplier<WorkerStatus> status,
        Supplier<String> brokenOff)
    {
        this.handle = handle;
        this.place = place;
        this.page = page;
        this.status = status;
        this.brokenOff = brokenOff;
    }

    ParallelException endedEarly(Ending ending)
    {
        return startFailed("Its JVM ended before it was ready" + ending.words() + "." + place.suspicion(), null);
    }

    /** What leads its life here has ended by an error. */
    ParallelException lost(boolean ready, Throwable e)
    {
        String why = why(e);
        if (!ready)
        {
            return startFailed(why, e);
        }
        Map<String, Object> data = ended();
        data.put("stopped", true);
        return new WorkerDiedException(handle.name() + " was killed. " + why + tail(data), data, e);
    }

    /** Nothing more is heard of its host. */
    ParallelException hostLost(Ending.Lost ending)
    {
        Map<String, Object> data = ended();
        data.put("host", ending.host());
        data.put("why", ending.why());
        data.put("silent-ms", ending.silentMs());
        data.put("sent", page.messagesSentByParent());
        data.put("confirmed", ending.confirmed());
        data.put("received", place.channel().messagesReceived());
        data.put("status", status.get());
        return new HostLostException(handle.name() + " on " + ending.host() + " is lost: " + whyLost(ending) +
            " What it did since is not known; its agent ends it.", data, null);
    }

    private static String whyLost(Ending.Lost ending)
    {
        return switch (ending.why())
        {
            case "silent" -> String.format(Locale.ROOT, "nothing was heard of the host for %.1f s.",
                ending.silentMs() / 1000.0);
            case "agent-died" -> "the agent there has died.";
            case "launcher-exit" -> "the command that had started the agent there has ended.";
            case "link-died" -> "the process that holds the connections to the hosts has died.";
            case "closed" -> "the host was removed.";
            default -> "the connection to the host broke.";
        };
    }

    /** How a worker ended, where the facts cannot be had. */
    static ParallelException barely(int id, WorkerStatus.State end, Throwable e)
    {
        Map<String, Object> data = Map.of("worker/id", id);
        return end == WorkerStatus.State.FAILED ?
            new StartFailedException("Worker " + id + " failed. " + why(e), data, e) :
            new WorkerDiedException("Worker " + id + " died. " + why(e), data, e);
    }

    /** Two sentences: what happened here, and what to do about it. */
    public static String why(Throwable e)
    {
        return "This process failed while it managed the worker: " + e + "." + remedy(e);
    }

    /** A sentence that begins with a space; or empty. */
    private static String remedy(Throwable e)
    {
        String message = String.valueOf(e.getMessage());
        return !(e instanceof OutOfMemoryError) ? "" : message.contains("thread") ?
            " The process is at a limit of threads (ulimit -u, or pids.max of its container)." :
            " Give this process more memory with -Xmx.";
    }

    /** There is no memory here for what it has said. */
    ParallelException unread(long length, OutOfMemoryError e)
    {
        return Errors.noMemory(handle.who(), "an answer of " + length + " bytes from " + handle.name(), e);
    }

    /** What it was to evaluate is larger than its heap. */
    ParallelException tooLarge(long length, long heapBytes)
    {
        Map<String, Object> data = new LinkedHashMap<>(handle.who());
        data.put("class", "byte[]");
        data.put("path", List.of());
        return new NotTransferableException(handle.name() + " cannot take the " + length +
            " bytes that it was to evaluate: its heap is of " + (heapBytes >> 20) +
            " MiB. Give it more with max-heap.", data, null);
    }

    /** There is no memory here to send it what it was to evaluate. */
    ParallelException unsent(long length, Throwable e)
    {
        return Errors.noMemory(handle.who(), "the " + length + " bytes that " + handle.name() + " was to evaluate", e);
    }

    ParallelException startFailed(String why, Throwable cause)
    {
        Map<String, Object> data = ended();
        return new StartFailedException(handle.name() + " did not start. " + why + tail(data), data, cause);
    }

    /** Killed by us then: its exit says nothing. */
    ParallelException startTimedOut(long timeoutMs, TimeoutException e)
    {
        Map<String, Object> data = ended();
        data.remove("exit");
        return new StartFailedException(handle.name() + " did not start. It was not ready within " + timeoutMs +
            " ms (start-timeout-ms): " +
            e.getMessage() + "." + place.suspicion() + tail(data), data, e);
    }

    /** The error that the worker itself has told. */
    ParallelException said(byte[] error)
    {
        ParallelException e = RemoteError.decode(error, handle.who(), handle.name(), true);
        if (e.code() != ParallelException.Code.START_FAILED)
        {
            return e;
        }
        Map<String, Object> data = ended();
        data.putAll(e.data());
        return new StartFailedException(e.getMessage(), data, e.getCause());
    }

    ParallelException died(Ending ending, boolean stopping, String corruption)
    {
        Map<String, Object> data = ended();
        ending.exit().ifPresent(code -> data.put("exit", code));
        ending.signal().ifPresent(name -> data.put("signal", name));
        if (stopping || corruption != null)
        {
            data.put("stopped", true);
        }
        if (corruption != null)
        {
            data.put("corrupt", corruption);
            return new WorkerDiedException(handle.name() + " was killed, since it sent bytes that cannot be read. " +
                corruption + tail(data), data, null);
        }
        String doing = (String)data.get("doing");
        LastWords words = new LastWords(page, status.get());
        words.tell(data);
        return new WorkerDiedException(handle.name() + (stopping ? " was stopped" : " died") + ending.words() +
            (doing == null ? "" : ", doing " + Text.shortened(doing, 200)) + "." + words.summary() +
            (stopping ? "" : words.suspicion(data, place.outOfMemory())) +
            (data.containsKey("hs-err") ? "\n  crash report: " + data.get("hs-err") : "") + tail(data), data, null);
    }

    private Map<String, Object> ended()
    {
        Map<String, Object> data = new LinkedHashMap<>(handle.who());
        String shown = page.doing();
        String doing = shown != null ? shown : brokenOff.get();
        if (doing != null)
        {
            data.put("doing", doing);
        }
        place.ending().exit().ifPresent(code -> data.put("exit", code));
        data.put("stderr-tail", place.stderrTail());
        data.putAll(place.facts());
        return data;
    }

    private static String tail(Map<String, Object> data)
    {
        List<?> tail = (List<?>)data.getOrDefault("stderr-tail", List.of());
        return tail.isEmpty() ? "" : "\n  last lines of its stderr:\n    " +
            String.join("\n    ", tail.stream().map(Object::toString).toList());
    }
}
