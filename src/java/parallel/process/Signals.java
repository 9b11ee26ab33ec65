package parallel.process;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;

/** Names of signals, and what this process does on SIGTERM. Safe from any thread. */
public final class Signals
{
    private static final int BASE = 128;
    private static final List<String> LINUX = List.of("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL",
        "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");
    private static final List<String> BSD = List.of("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "EMT", "FPE", "KILL",
        "BUS", "SEGV", "SYS", "PIPE", "ALRM", "TERM", "URG", "STOP", "TSTP", "CONT", "CHLD", "TTIN", "TTOU", "IO",
        "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "INFO", "USR1", "USR2");
    private static final List<String> NAMES = Platform.LINUX || Platform.WINDOWS ? LINUX : BSD;

    private Signals()
    {
    }

    /**
     * The signal an exit code stands for, by the shell's convention of 128 + number. A process may also exit with such
     * a code by itself: only what it noted about its own exit tells the two apart.
     *
     * @param exitCode as {@link LaunchedProcess#exitCode()} gives it.
     * @return {@code "KILL"} for 137, empty outside 129 to 159.
     */
    public static Optional<String> nameOf(int exitCode)
    {
        int signal = exitCode - BASE;
        return signal >= 1 && signal <= NAMES.size() ? Optional.of(NAMES.get(signal - 1)) : Optional.empty();
    }

    /**
     * Runs the action on every SIGTERM, on a thread of the JVM, instead of ending the JVM. Returns at once.
     *
     * @param action what to do; must end the process itself if that is wanted.
     */
    public static void onTerminate(Runnable action)
    {
        handle("TERM", action);
    }

    private static void handle(String signal, Runnable action)
    {
        try
        {
            // By reflection: sun.misc cannot be named in code compiled for a release.
            Class<?> signalClass = Class.forName("sun.misc.Signal");
            Class<?> handlerClass = Class.forName("sun.misc.SignalHandler");
            Object handler = Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[]{ handlerClass },
                (proxy, method, arguments) -> call(proxy, method.getName(), arguments, action));
            signalClass.getMethod("handle", signalClass, handlerClass)
                .invoke(null, signalClass.getConstructor(String.class).newInstance(signal), handler);
        }
        catch (ReflectiveOperationException | RuntimeException | LinkageError unavailable)
        {
            // With -Xrs, or without jdk.unsupported, SIGTERM keeps ending the process the system's way: also an end.
            System.getLogger("parallel.process").log(System.Logger.Level.DEBUG, "no handler for SIG" + signal,
                unavailable);
        }
    }

    private static Object call(Object proxy, String method, Object[] arguments, Runnable action)
    {
        switch (method)
        {
            case "handle":
                action.run();
                return null;
            case "equals":
                return proxy == arguments[0];
            case "hashCode":
                return System.identityHashCode(proxy);
            default:
                return "parallel's signal handler";
        }
    }
}
