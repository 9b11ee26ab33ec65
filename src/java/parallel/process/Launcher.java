package parallel.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Turns a {@link Launch} into a process.
 *
 * <pre>
 *   /bin/sh -c 'trap "" INT; ulimit -S -c 0; read -r go || exit 1; exec "$@"' parallel java @/proc/1/fd/9
 *               1            2               3                     4
 * </pre>
 *
 * 1: Ctrl-C at the terminal goes past the worker (HotSpot keeps an inherited ignore). 2: a crash leaves its log but no
 * core file of gigabytes; {@code -XX:-CreateCoredumpOnCrash} would do so too, but then a crash exits with 1, like any
 * error, instead of SIGABRT. 3: the pipes are taken over while nothing can have been printed; without the line, because
 * we have died, nothing is started, and the session's directories, which are empty then, are removed. 4: the shell
 * becomes the JVM, with the same pid; by way of taskset and nice, where processors and niceness were asked for.
 */
final class Launcher
{
    private static final String IGNORE_INTERRUPT = "trap \"\" INT; ";
    private static final String NO_CORE = "ulimit -S -c 0 2>/dev/null; ";
    private static final String WAIT = "read -r go || { %s exit 1; }; ";
    private static final String BECOME = "exec %s\"$@\"";
    private static final String CORE_WANTED = "-XX:+CreateCoredumpOnCrash";
    private static final List<String> NEVER_INHERITED =
        List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH");

    private final Launch launch;
    private final List<String> logical = new ArrayList<>();
    private final List<ArgumentFile> files = new ArrayList<>();

    Launcher(Launch launch)
    {
        this.launch = launch;
    }

    LaunchedProcess start(Path scratch) throws LaunchException
    {
        try
        {
            ProcessBuilder builder = new ProcessBuilder();
            environment(builder.environment());
            logical.add(launch.javaCommand() == null ? launch.base().javaCommand() : launch.javaCommand());
            logical.addAll(launch.arguments());
            String java = JavaCommand.resolve(launch.javaCommand(), launch.base(), builder.environment());
            logical.set(0, java);
            check(logical);
            checkCommands(builder.environment());
            builder.directory(directory() == null ? null : directory().toFile());
            boolean gated = Platform.hasShell();
            builder.command(physical(gated, java, scratch));
            return taken(start(builder), gated);
        }
        catch (LaunchException e)
        {
            release();
            throw e;
        }
        catch (IllegalArgumentException e)
        {
            release();
            throw new LaunchException(e.getMessage(), logical, null);
        }
        catch (RuntimeException | Error e)
        {
            release();
            throw e;
        }
    }

    private LaunchedProcess taken(Process process, boolean gated)
    {
        try
        {
            return LaunchedProcess.of(process, gated, this);
        }
        catch (RuntimeException | Error e)
        {
            process.destroyForcibly();      // nobody else knows it
            throw e;
        }
    }

    Launch launch()
    {
        return launch;
    }

    List<String> command()
    {
        return List.copyOf(logical);
    }

    /** The worker has read its arguments, or never will. */
    synchronized void release()
    {
        files.forEach(ArgumentFile::close);
        files.clear();
    }

    private Process start(ProcessBuilder builder) throws LaunchException
    {
        try
        {
            return builder.start();
        }
        catch (IOException e)
        {
            throw new LaunchException("The operating system refused to start the process: " + e.getMessage() +
                " (out of memory, or at a limit: see ulimit -u and ulimit -n).", logical, e);
        }
        catch (OutOfMemoryError e)
        {
            // The JDK starts the process first, and then the thread that awaits its exit: without that nobody knows it.
            endNameless(builder.command());
            throw new LaunchException("The process was started, but there is no thread that could wait for it: " +
                e.getMessage() +
                " (at a limit: see ulimit -u, or pids.max of a container).", logical, e);
        }
    }

    /**
     * The child with these very arguments: the file that holds those of its JVM is open, so its number is no other's.
     */
    private static void endNameless(List<String> command)
    {
        List<String> arguments = command.subList(1, command.size());
        ProcessHandle.current().children()
            .filter((child) -> child.info().arguments().map((words) -> arguments.equals(List.of(words))).orElse(false))
            .forEach(ProcessHandle::destroyForcibly);
    }

    private Path directory()
    {
        Path directory = launch.directory();
        if (directory == null)
        {
            return null;
        }
        Path absolute = Path.of(Platform.absolute(directory.toString()));
        if (!Files.exists(absolute))
        {
            throw new IllegalArgumentException("The worker's directory " + absolute + " does not exist.");
        }
        if (!Files.isDirectory(absolute))
        {
            throw new IllegalArgumentException("The worker's directory " + absolute + " is not a directory.");
        }
        if (!Files.isExecutable(absolute))
        {
            throw new IllegalArgumentException("The worker's directory " + absolute +
                " may not be entered by this user.");
        }
        return absolute;
    }

    private void environment(Map<String, String> environment)
    {
        NEVER_INHERITED.forEach(environment::remove);
        launch.environment().forEach((name, value) -> set(environment, name, value));
    }

    private static void set(Map<String, String> environment, String name, String value)
    {
        if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0)
        {
            throw new IllegalArgumentException("\"" + name.replace('\0', '?') +
                "\" cannot be the name of an environment variable.");
        }
        if (value == null)
        {
            environment.remove(name);
        }
        else if (value.indexOf('\0') >= 0)
        {
            throw new IllegalArgumentException("The environment variable " + name +
                " has a NUL character in its value.");
        }
        else
        {
            environment.put(name, value);
        }
    }

    private static void check(List<String> words)
    {
        if (words.stream().anyMatch((word) -> word.indexOf('\0') >= 0))
        {
            throw new IllegalArgumentException("An option of the worker has a NUL character in it.");
        }
    }

    /**
     * All arguments in argument files. A user's own {@code @file} is not expanded inside one, so it stands on the
     * command line between two of ours.
     */
    private List<String> physical(boolean gated, String java, Path scratch) throws LaunchException
    {
        List<String> command = new ArrayList<>();
        if (gated)
        {
            command.addAll(List.of(Platform.SHELL.toString(), "-c", script(), "parallel"));
        }
        command.add(java);
        List<String> arguments = logical.subList(1, logical.size());
        int options = arguments.size() - launch.wordsAfterOptions();
        int from = 0;
        for (int i = 0; i < options; i++)
        {
            if (isFileOfUser(arguments.get(i)))
            {
                append(command, arguments.subList(from, i), scratch);
                command.add(arguments.get(i));
                from = i + 1;
            }
        }
        append(command, arguments.subList(from, arguments.size()), scratch);
        return command;
    }

    private String script()
    {
        return IGNORE_INTERRUPT + (launch.jvmOpts().contains(CORE_WANTED) ? "" : NO_CORE) +
            String.format(WAIT, removeDirectories()) +
            String.format(BECOME, processors() + (launch.nice() == 0 ? "" : "nice -n " + launch.nice() + " "));
    }

    /** Before the JVM counts its processors. */
    private String processors()
    {
        return launch.processors().isEmpty() ? "" :
            "taskset -c " + launch.processors().stream().map(String::valueOf).collect(Collectors.joining(",")) + " ";
    }

    /** What is to become the JVM by them has to be there: the shell would only say 127. */
    private void checkCommands(Map<String, String> environment)
    {
        if (!Platform.hasShell() && (launch.nice() > 0 || !launch.processors().isEmpty()))
        {
            throw new IllegalArgumentException("The options cpus and nice need /bin/sh, which this machine " +
                "does not have.");
        }
        if (launch.nice() > 0)
        {
            JavaCommand.inPath("nice", environment.get("PATH"));
        }
        if (!launch.processors().isEmpty())
        {
            JavaCommand.inPath("taskset", environment.get("PATH"));
        }
    }

    private String removeDirectories()
    {
        return launch.directoriesOfSession().stream()
            .map((directory) -> "rmdir '" + directory.toString().replace("'", "'\\''") + "' 2>/dev/null;")
            .collect(Collectors.joining(" "));
    }

    private static boolean isFileOfUser(String option)
    {
        return option.startsWith("@") && !option.startsWith("@@");
    }

    private void append(List<String> command, List<String> arguments, Path scratch) throws LaunchException
    {
        if (arguments.isEmpty())
        {
            return;
        }
        try
        {
            ArgumentFile file = ArgumentFile.write(scratch, arguments);
            synchronized (this)
            {
                files.add(file);
            }
            command.add("@" + file.handOn());
        }
        catch (IOException e)
        {
            throw LaunchException.ofScratch("The worker's arguments could not be written to a file in " + scratch +
                ": " +
                e, logical, e);
        }
    }
}
