package parallel.process;

import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What the tests of the process room start: each command tells or does one thing. Prints UTF-8. */
public final class Probe
{
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private Probe()
    {
    }

    public static void main(String[] words) throws Exception
    {
        List<String> arguments = Arrays.asList(words).subList(1, words.length);
        switch (words[0])
        {
            case "tell" -> tell(arguments);
            case "wait" -> awaitEndOfInput();
            case "lines" -> lines(Integer.parseInt(arguments.get(0)), arguments.get(1));
            case "halt-after-printing" -> haltAfterPrinting(arguments.get(0));
            case "terminate" -> terminate();
            case "subprocess" -> subprocess();
            case "session" -> session(Path.of(arguments.get(0)));
            case "echo" -> System.in.transferTo(System.out);
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    /** Everything about how this JVM was started, one fact a line. */
    private static void tell(List<String> arguments) throws Exception
    {
        arguments.forEach((argument) -> OUT.println("argument " + argument.replace("\n", "<newline>")));
        ManagementFactory.getRuntimeMXBean().getInputArguments().forEach((flag) -> OUT.println("flag " + flag));
        ThisProcess.inheritedJvmFlags().forEach((flag) -> OUT.println("inherits " + flag));
        OUT.println("class-path " + System.getProperty("java.class.path"));
        OUT.println("directory " + System.getProperty("user.dir"));
        OUT.println("pid " + ThisProcess.pid());
        OUT.println("start " + ThisProcess.startMs());
        System.getenv().forEach((name, value) -> OUT.println("env " + name + "=" + value));
        OUT.println("command-line " +
            new String(Files.readAllBytes(Path.of("/proc/self/cmdline")), StandardCharsets.UTF_8)
            .replace('\0', ' ').replace("\n", "<newline>"));
        Thread.currentThread().setContextClassLoader(new URLClassLoader(
            new URL[]{ new URL("file:/added%20later/b.jar"), new URL("http://host/c.jar") },
            new URLClassLoader(new URL[]{ new URL("file:/added/a.jar") })));
        ClassPath.current().forEach((entry) -> OUT.println("current " + entry));
        OUT.println("end");
    }

    private static void awaitEndOfInput() throws Exception
    {
        OUT.println("ready");
        System.in.readAllBytes();
    }

    private static void lines(int count, String prefix)
    {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++)
        {
            text.append(prefix).append(i).append('\n');
        }
        OUT.print(text);
        OUT.flush();
    }

    private static void haltAfterPrinting(String line)
    {
        System.err.print("last words");
        OUT.println(line);
        Runtime.getRuntime().halt(3);
    }

    private static void terminate() throws Exception
    {
        Signals.onTerminate(() ->
        {
            OUT.println("terminated");
            Runtime.getRuntime().halt(7);
        });
        awaitEndOfInput();
    }

    /** Leaves a process behind that keeps our pipes open. */
    private static void subprocess() throws Exception
    {
        Process left = new ProcessBuilder("sleep", "60").inheritIO().start();
        OUT.println(left.pid());
        OUT.print("unfinished");
        OUT.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void session(Path base) throws Exception
    {
        SessionDirectory session = SessionDirectory.create(List.of(base), List.of(base), (line) -> { });
        Files.writeString(session.memory().resolve("left"), "left");
        OUT.println(session.memory());
        System.in.readAllBytes();
    }
}
