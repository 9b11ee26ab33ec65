package parallel.process;

import java.util.ArrayList;
import java.util.List;

/** Calls one worker's sink, and survives whatever it throws. One thread at a time. */
final class Delivery
{
    private final int workerId;
    private final Output.Sink sink;
    private boolean logged;

    Delivery(int workerId, Output.Sink sink)
    {
        this.workerId = workerId;
        this.sink = sink;
    }

    void give(List<LineQueue.Entry> batch)
    {
        List<Output.Line> lines = new ArrayList<>(batch.size());
        batch.forEach((entry) -> lines.add(entry.line()));
        try
        {
            sink.lines(lines);
        }
        catch (Throwable e)
        {
            // Errors too: a writer of the user's must not end the output of its worker.
            log("the writer for the output of worker " + workerId + " failed: lines are dropped", e);
        }
        batch.forEach((entry) -> run(entry.delivered()));
    }

    private void run(Runnable delivered)
    {
        try
        {
            if (delivered != null)
            {
                delivered.run();
            }
        }
        catch (RuntimeException e)
        {
            log("the confirmation of a line of worker " + workerId + " failed", e);
        }
    }

    private void log(String message, Throwable e)
    {
        if (!logged)
        {
            logged = true;
            System.getLogger("parallel.process").log(System.Logger.Level.WARNING, message, e);
        }
    }
}
