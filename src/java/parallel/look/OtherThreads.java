package parallel.look;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;

import parallel.runtime.Threads;
import parallel.runtime.Waits;

/**
 * The threads of this process that may act while others wait. Threads of the JDK and of the library do not; one that
 * waits for its prompt to be typed at, for a task of its executor, or for another thread, with or without a time-out,
 * does nothing of its own accord. Any other counts, also one that sleeps: it errs towards silence.
 */
final class OtherThreads
{
    /** Where a prompt reads, or waits to be asked. */
    private static final List<String> PROMPTS =
        List.of("clojure.main$", "clojure.core.server$", "nrepl.", "cider.nrepl.", "rebel_readline.", "reply.");
    private static final List<String> OF_JDK = List.of("java.", "javax.", "jdk.", "sun.", "com.sun.");
    /** The loop behind {@code tap>} is an executor, too. */
    private static final List<String> OF_CLOJURE = List.of("clojure.lang.", "clojure.core$");
    /** A thread of the library that only waits for work has nothing else on its stack. */
    private static final String OF_LIBRARY = "parallel.";
    private static final String OF_LIBRARY_NAME = "parallel-";
    private static final List<String> READS = List.of("java.io.", "java.net.", "sun.nio.ch.");
    private static final String EVALUATES = "clojure.lang.Compiler";
    /** Where {@code deref} of a future waits, and {@code join} of a thread. */
    private static final Map<String, String> FOR_ANOTHER =
        Map.of(FutureTask.class.getName(), "get", Thread.class.getName(), "join");
    /** The thread that evaluates for one worker acts for no other of this process. */
    private static final String EVALUATES_FOR = "parallel-eval-";
    /** One that evaluates at the same time is there only as long as that takes: whatever it waits in, it ends. */
    private static final String EVALUATES_BESIDE = "parallel-exec-now-";

    private OtherThreads()
    {
    }

    // Of the root (0) or a worker; the calling thread counts as none of them.
    static int count(int process)
    {
        int count = 0;
        for (Map.Entry<Thread, StackTraceElement[]> entry : Thread.getAllStackTraces().entrySet())
        {
            Thread thread = entry.getKey();
            if (thread != Thread.currentThread() && !Waits.isNoted(thread) && isOf(process, thread) &&
                mayAct(thread, entry.getValue()))
            {
                count++;
            }
        }
        return count;
    }

    private static boolean isOf(int process, Thread thread)
    {
        String name = thread.getName();
        return !name.startsWith(EVALUATES_FOR) || name.equals(EVALUATES_FOR + process);
    }

    private static boolean mayAct(Thread thread, StackTraceElement[] frames)
    {
        return thread.getName().startsWith(EVALUATES_BESIDE) ||
            !Threads.isOfLibrary(thread) && hasCode(frames) && !isAtPrompt(thread, frames) &&
            !waitsForAnother(frames);
    }

    private static boolean hasCode(StackTraceElement[] frames)
    {
        return Arrays.stream(frames).map(StackTraceElement::getClassName).anyMatch(name -> !isOfJdk(name) &&
            OF_CLOJURE.stream().noneMatch(name::startsWith) &&
            !(name.startsWith(OF_LIBRARY) && Character.isUpperCase(name.charAt(name.lastIndexOf('.') + 1))));
    }

    private static boolean isOfJdk(String className)
    {
        return OF_JDK.stream().anyMatch(className::startsWith);
    }

    // It waits, or reads, and nothing is evaluated above the last frame of a prompt.
    private static boolean isAtPrompt(Thread thread, StackTraceElement[] frames)
    {
        boolean waits = thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING;
        if (thread.getName().startsWith(OF_LIBRARY_NAME) || !waits && !reads(frames[0]))
        {
            return false;
        }
        for (StackTraceElement frame : frames)
        {
            String name = frame.getClassName();
            if (PROMPTS.stream().anyMatch(name::startsWith))
            {
                return true;
            }
            if (name.startsWith(EVALUATES) || !isOfJdk(name) && !name.startsWith("clojure."))
            {
                return false;
            }
        }
        return false;
    }

    private static boolean reads(StackTraceElement innermost)
    {
        return innermost.isNativeMethod() && READS.stream().anyMatch(innermost.getClassName()::startsWith);
    }

    private static boolean waitsForAnother(StackTraceElement[] frames)
    {
        for (StackTraceElement frame : frames)
        {
            if (frame.getMethodName().equals(FOR_ANOTHER.get(frame.getClassName())))
            {
                return true;
            }
            if (!isOfJdk(frame.getClassName()))
            {
                return false;
            }
        }
        return false;
    }
}
