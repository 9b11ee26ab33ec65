package parallel.runtime;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.StartFailedException;
import parallel.WorkerDiedException;
import parallel.WorkerStatus;
import parallel.transport.StatusPage;

/** The errors that say why a worker has ended or has not started, with what is known of it. */
final class EndErrors
{
    private final WorkerHandle handle;
    private final Host host;
    private final StatusPage page;
    private final Supplier<WorkerStatus> status;
    private final Supplier<String> brokenOff;

    /* status: as it is, or as it was when stop broke something off; brokenOff: what that was, or null. */
    EndErrors(WorkerHandle handle, Host host, StatusPage page, Supplier<WorkerStatus> status, Supplier<String> brokenOff)
    {
        this.handle = handle;
        this.host = host;
        this.page = page;
        this.status = status;
        this.brokenOff = brokenOff;
    }

    private static String ending(OptionalInt exit, Optional<String> signal)
    {
        return signal.map(s -> ", killed by SIG" + s).orElse(exit.isPresent() ? ", with exit code " + exit.getAsInt() : "");
    }

    ParallelException endedEarly(OptionalInt exit, Optional<String> signal)
    {
        return startFailed("Its JVM ended before it was ready" + ending(exit, signal) + "." + host.suspicion(), null);
    }

    ParallelException startFailed(String why, Throwable cause)
    {
        final Map<String, Object> data = ended();
        return new StartFailedException(handle.name() + " did not start. " + why + tail(data), data, cause);
    }

    /** Killed by us then: its exit says nothing. */
    ParallelException startTimedOut(long timeoutMs, TimeoutException e)
    {
        final Map<String, Object> data = ended();
        data.remove("exit");
        return new StartFailedException(handle.name() + " did not start. It was not ready within " + timeoutMs + " ms (start-timeout-ms): " +
            e.getMessage() + "." + host.suspicion() + tail(data), data, e);
    }

    /** The error that the worker itself has told. */
    ParallelException said(byte[] error)
    {
        final ParallelException e = RemoteError.decode(error, handle.who(), handle.name(), true);
        if (e.code() != ParallelException.Code.START_FAILED)
        {
            return e;
        }
        final Map<String, Object> data = ended();
        data.putAll(e.data());
        return new StartFailedException(e.getMessage(), data, e.getCause());
    }

    ParallelException died(OptionalInt exit, Optional<String> signal, boolean stopping, String corruption)
    {
        final Map<String, Object> data = ended();
        exit.ifPresent(code -> data.put("exit", code));
        signal.ifPresent(name -> data.put("signal", name));
        if (stopping || corruption != null)
        {
            data.put("stopped", true);
        }
        if (corruption != null)
        {
            data.put("corrupt", corruption);
            return new WorkerDiedException(handle.name() + " was killed, since what it wrote cannot be read. " + corruption + tail(data), data, null);
        }
        final String doing = (String)data.get("doing");
        final LastWords words = new LastWords(page, status.get());
        words.tell(data);
        return new WorkerDiedException(handle.name() + (stopping ? " was stopped" : " died") + ending(exit, signal) +
            (doing == null ? "" : ", doing " + Text.shortened(doing, 200)) + "." + words.summary() + (stopping ? "" : words.suspicion(data, host.outOfMemory())) +
            (data.containsKey("hs-err") ? "\n  crash report: " + data.get("hs-err") : "") + tail(data), data, null);
    }

    private Map<String, Object> ended()
    {
        final Map<String, Object> data = new LinkedHashMap<>(handle.who());
        final String shown = page.doing();
        final String doing = shown != null ? shown : brokenOff.get();
        if (doing != null)
        {
            data.put("doing", doing);
        }
        host.exitCode().ifPresent(code -> data.put("exit", code));
        data.put("stderr-tail", host.stderrTail());
        data.putAll(host.facts());
        return data;
    }

    private static String tail(Map<String, Object> data)
    {
        final List<?> tail = (List<?>)data.getOrDefault("stderr-tail", List.of());
        return tail.isEmpty() ? "" : "\n  last lines of its stderr:\n    " + String.join("\n    ", tail.stream().map(Object::toString).toList());
    }
}
