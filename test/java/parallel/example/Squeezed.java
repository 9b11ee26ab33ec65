package parallel.example;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.List;

import parallel.Parallel;
import parallel.ParallelException;
import parallel.Peer;
import parallel.Worker;
import parallel.WorkerOptions;

/**
 * A root for tests on file systems with little room. Each argument is a step, and each step prints what came of it:
 * {@code run:BYTES} a worker with rings of that size, {@code nested} a worker within a worker, {@code keep} a worker
 * that stays, {@code talk} messages through that one, {@code wait} for a line on stdin, {@code fill:DIRECTORY} and
 * {@code empty:DIRECTORY}. The last line is "end".
 */
public final class Squeezed
{
    private static final int BLOCK = 64 * 1024;
    private static Worker kept;

    private Squeezed()
    {
    }

    public static void main(String[] steps) throws Exception
    {
        for (String step : steps)
        {
            String[] words = step.split(":", 2);
            System.out.println(words[0] + " " + outcome(words[0], words.length > 1 ? words[1] : null));
        }
        System.out.println("end");
    }

    private static Object outcome(String step, String argument) throws Exception
    {
        try
        {
            return switch (step)
            {
                case "run" -> Parallel.run(ring(Integer.parseInt(argument)), Squeezed::echoOnce).join();
                case "nested" -> Parallel.run(() -> Parallel.run(Squeezed::echoOnce).join()).join();
                case "keep" -> keep();
                case "talk" -> talk();
                case "wait" -> System.in.read() == '\n' ? "over" : "lost";
                case "fill" -> fill(argument);
                case "empty" -> new File(argument, "filler").delete();
                default -> throw new IllegalArgumentException(step);
            };
        }
        catch (ParallelException e)
        {
            return e.code() + " " + e.getMessage() + " " + Parallel.children();
        }
    }

    private static WorkerOptions ring(int bytes)
    {
        return WorkerOptions.builder().ringBytes(bytes).build();
    }

    private static Object echoOnce()
    {
        return "ran";
    }

    private static Object keep() throws InterruptedException
    {
        kept = Parallel.run(() ->
        {
            Peer parent = Parallel.parent();
            for (Object message = parent.receive(); message != null; message = parent.receive())
            {
                parent.send(message);
            }
            return null;
        });
        kept.send("up");
        return kept.receive();
    }

    /** Several times round its rings. */
    private static Object talk() throws InterruptedException
    {
        for (int i = 0; i < 100; i++)
        {
            kept.send(new byte[BLOCK]);
            if (((byte[])kept.receive()).length != BLOCK)
            {
                return "lost";
            }
        }
        return "talked";
    }

    private static Object fill(String directory) throws IOException
    {
        try (FileOutputStream out = new FileOutputStream(new File(directory, "filler")))
        {
            for (int size : List.of(BLOCK, 1))
            {
                writeUntilFull(out, new byte[size]);
            }
        }
        return "filled";
    }

    private static void writeUntilFull(FileOutputStream out, byte[] bytes)
    {
        try
        {
            while (true)
            {
                out.write(bytes);
            }
        }
        catch (IOException full)
        {
            return;
        }
    }
}
