package parallel.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

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
 * error, instead of SIGABRT. 3: the pipes are taken over while nothing can have been printed; without the line, because we
 * have died, nothing is started. 4: the shell becomes the JVM, with the same pid.
 */
final class Launcher
{
    private static final String IGNORE_INTERRUPT = "trap \"\" INT; ";
    private static final String NO_CORE = "ulimit -S -c 0 2>/dev/null; ";
    private static final String WAIT = "read -r go || exit 1; ";
    private static final String BECOME = "exec \"$@\"";
    private static final String BECOME_NICE = "exec nice -n 10 \"$@\"";
    private static final String CORE_WANTED = "-XX:+CreateCoredumpOnCrash";
    private static final List<String> NEVER_INHERITED =
        List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH");

    private final Launch launch;
    private final List<String> logical = new ArrayList<>();
    private final List<ArgumentFile> files = new ArrayList<>();

    Launcher(final Launch launch)
    {
        this.launch = launch;
    }

    LaunchedProcess start(final Path scratch) throws LaunchException
    {
        try
        {
            final ProcessBuilder builder = new ProcessBuilder();
            environment(builder.environment());
            logical.add(launch.javaCommand() == null ? ThisProcess.javaCommand() : launch.javaCommand());
            logical.addAll(launch.arguments());
            final String java = JavaCommand.resolve(launch.javaCommand(), builder.environment());
            logical.set(0, java);
            check(logical);
            builder.directory(directory() == null ? null : directory().toFile());
            final boolean gated = Platform.hasShell();
            builder.command(physical(gated, java, scratch));
            return LaunchedProcess.of(start(builder), gated, this);
        }
        catch (final LaunchException e)
        {
            release();
            throw e;
        }
        catch (final IllegalArgumentException e)
        {
            release();
            throw new LaunchException(e.getMessage(), logical, null);
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

    private Process start(final ProcessBuilder builder) throws LaunchException
    {
        try
        {
            return builder.start();
        }
        catch (final IOException e)
        {
            throw new LaunchException("The operating system refused to start the process: " + e.getMessage() +
                " (out of memory, or at a limit: see ulimit -u and ulimit -n).", logical, e);
        }
    }

    private Path directory()
    {
        final Path directory = launch.directory();
        if (directory == null)
        {
            return null;
        }
        final Path absolute = Path.of(Platform.absolute(directory.toString()));
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
            throw new IllegalArgumentException("The worker's directory " + absolute + " may not be entered by this user.");
        }
        return absolute;
    }

    private void environment(final Map<String, String> environment)
    {
        NEVER_INHERITED.forEach(environment::remove);
        launch.environment().forEach((name, value) -> set(environment, name, value));
    }

    private static void set(final Map<String, String> environment, final String name, final String value)
    {
        if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0)
        {
            throw new IllegalArgumentException("\"" + name.replace('\0', '?') + "\" cannot be the name of an environment variable.");
        }
        if (value == null)
        {
            environment.remove(name);
        }
        else if (value.indexOf('\0') >= 0)
        {
            throw new IllegalArgumentException("The environment variable " + name + " has a NUL character in its value.");
        }
        else
        {
            environment.put(name, value);
        }
    }

    private static void check(final List<String> words)
    {
        if (words.stream().anyMatch((word) -> word.indexOf('\0') >= 0))
        {
            throw new IllegalArgumentException("An option of the worker has a NUL character in it.");
        }
    }

    /**
     * All arguments in argument files. A user's own {@code @file} is not expanded inside one, so it stands on the command
     * line between two of ours.
     */
    private List<String> physical(final boolean gated, final String java, final Path scratch) throws LaunchException
    {
        final List<String> command = new ArrayList<>();
        if (gated)
        {
            command.addAll(List.of(Platform.SHELL.toString(), "-c", script(), "parallel"));
        }
        command.add(java);
        final List<String> arguments = logical.subList(1, logical.size());
        final int options = arguments.size() - launch.wordsAfterOptions();
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
        return IGNORE_INTERRUPT + (launch.jvmOpts().contains(CORE_WANTED) ? "" : NO_CORE) + WAIT +
            (launch.inBackground() ? BECOME_NICE : BECOME);
    }

    private static boolean isFileOfUser(final String option)
    {
        return option.startsWith("@") && !option.startsWith("@@");
    }

    private void append(final List<String> command, final List<String> arguments, final Path scratch) throws LaunchException
    {
        if (arguments.isEmpty())
        {
            return;
        }
        try
        {
            final ArgumentFile file = ArgumentFile.write(scratch, arguments);
            synchronized (this)
            {
                files.add(file);
            }
            command.add("@" + file.handOn());
        }
        catch (final IOException e)
        {
            throw new LaunchException("The worker's arguments could not be written to a file in " + scratch + ": " +
                e, logical, e);
        }
    }
}
